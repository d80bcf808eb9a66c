package live

import "fmt"

// Kill ends a node from one moment to the next.
func (v *View) Kill(of string) error {
	i, err := v.index(of)
	if err != nil {
		return err
	}
	return v.net.Kill(i)
}

// Restart brings a node back with its key, address and data.
func (v *View) Restart(of string) error {
	i, err := v.index(of)
	if err != nil {
		return err
	}
	_, err = v.net.Restart(i)
	return err
}

// Partition puts nodes on one side and all others on another.
func (v *View) Partition(of []string) error {
	side, group := make(map[string]int), []int{}
	for _, one := range of {
		i, err := v.index(one)
		if err != nil {
			return err
		}
		group, side[one] = append(group, i), 1
	}
	if len(side) == 0 || len(side) == v.net.Size() {
		return fmt.Errorf("a side with %d of %d nodes: want some, not all", len(side), v.net.Size())
	}
	v.net.Partition(group)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.side = side
	return nil
}

// Heal ends the partition.
func (v *View) Heal() error {
	v.net.Heal()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.side = nil
	return nil
}
