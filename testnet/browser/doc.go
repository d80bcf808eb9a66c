// Package browser holds the live page to its promises in a real browser: a headless
// Chromium opens the page of a small network that each test starts, and does with mouse
// and keyboard what a person does. Its tests need a Chromium and some minutes, so they
// have the build tag browser:
//
//	make browser                     installs Chromium from Debian's packages where there is none
//	make browser SHOTS=/tmp/shots    and keeps pictures of what the tests saw
//
// Every test fails as well where the page writes a warning or an error to its console,
// and where it asks any address but its own.
package browser
