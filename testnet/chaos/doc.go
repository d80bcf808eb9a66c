// Package chaos runs a network of real cairn daemons, each a process in a network
// namespace of its own, and breaks it on purpose: lost packets, cuts in one direction,
// partitions, SIGKILL, SIGSTOP, disks that fill up or go read-only. It plays the
// scenarios of package testnet/scenario as any other world does, or a schedule of its
// own from a seed, and hands the log of operations to package testnet/audit.
//
// # Safety
//
// [Enter] runs the program again in network and mount namespaces of its own, made for
// it by the kernel; nothing here works outside of them. The first thing done inside
// is a look around: the network namespace must be another one than outside and than
// that of process 1, and no device in it may have an address. Addresses are of
// 198.18.0.0/15, which is set aside for benchmarks, one IP per node; no route leads
// out, for there is no device that does. Disks are images of limited size in memory.
// The machine's clock is never touched. Processes are ended by their own IDs, and the
// kernel ends them where this program dies; namespaces, addresses, rules and mounts
// end with the last process in them.
//
// # Faults that happened
//
// A fault that did nothing must not pass for one that was survived. Each is looked at
// when it is made or undone: packets dropped are counted by the kernel per pair of
// nodes, a stopped process must be in state T, a full disk must have no free byte, a
// read-only one must refuse a write. What shows no effect fails the run.
//
// # What it takes
//
// Linux, root, iproute2 (ip), nftables (nft, with the bridge family), util-linux
// (nsenter), a loop device and e2fsprogs (mkfs.ext4) for disks that can go read-only,
// and netem in the kernel for slow links. [Enter] says what is missing; where only the
// last two are, the faults that need them are refused and the rest works.
package chaos
