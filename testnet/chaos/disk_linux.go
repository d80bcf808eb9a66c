package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ballast is the file that fills a disk.
const ballast = "ballast"

// disk is the disk of one node: a file system of limited size in memory. With an image
// it is ext4 on a loop device, which can go read-only under open files; else a tmpfs.
type disk struct {
	image string // empty for a tmpfs
	dir   string // where it is mounted
	bytes int64
}

// make makes an empty disk and mounts it.
func (d *disk) make() error {
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		return err
	}
	if d.image == "" {
		return syscall.Mount("tmpfs", d.dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", d.bytes))
	}
	f, err := os.OpenFile(d.image, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(d.bytes), f.Close()); err != nil {
		return err
	}
	if _, err := run("", "mkfs.ext4", "-q", "-m", "0", "-E", "nodiscard", d.image); err != nil {
		return err
	}
	return d.mount()
}

func (d *disk) mount() error {
	_, err := run("", "mount", "-o", "loop,errors=remount-ro", d.image, d.dir)
	return err
}

// discard unmounts the disk and throws it away.
func (d *disk) discard() error {
	err := syscall.Unmount(d.dir, 0)
	if err != nil {
		return fmt.Errorf("unmount %s: %w", d.dir, err)
	}
	if d.image != "" {
		err = errors.Join(err, os.Remove(d.image))
	}
	return errors.Join(err, os.Remove(d.dir))
}

// fill takes every free byte of the disk, and says how many that were.
func (d *disk) fill() (int64, error) {
	f, err := os.OpenFile(filepath.Join(d.dir, ballast), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	size := int64(0)
	for step := int64(16 << 20); step >= 1<<10; {
		err := syscall.Fallocate(int(f.Fd()), 0, size, step)
		switch {
		case err == nil:
			size += step
		case errors.Is(err, syscall.ENOSPC):
			step /= 2
		case !errors.Is(err, syscall.EINTR):
			return size, errors.Join(err, f.Close())
		}
	}
	return size, f.Close()
}

// free gives back what fill took.
func (d *disk) free() error { return os.Remove(filepath.Join(d.dir, ballast)) }

// freeBytes is how much room is left.
func (d *disk) freeBytes() (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// breakDown makes the disk fail as a kernel makes a broken one: from one moment to the
// next nothing can be written any more, not even to files that are open.
func (d *disk) breakDown() error {
	if _, err := run("", "mount", "-o", "remount,abort", d.dir); err != nil {
		return err
	}
	// The journal's own thread notices with the next write.
	probe := filepath.Join(d.dir, "probe")
	err := os.WriteFile(probe, []byte("x"), 0o600)
	if !errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%s is to be read-only, and a write ends with: %v", d.dir, err)
	}
	return nil
}

// mend makes a disk that broke writable again. Nobody may have a file open on it.
func (d *disk) mend() error {
	if err := syscall.Unmount(d.dir, 0); err != nil {
		return fmt.Errorf("unmount %s: %w", d.dir, err)
	}
	return d.mount()
}
