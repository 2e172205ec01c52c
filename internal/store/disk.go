package store

// disk is where the writes of the trail go through, one by one: each may be
// lost, or done and reported lost, and tests try every one of them. Nothing
// stands in the way unless fail is set.
type disk struct {
	fail func(do func() error) error
}

func (d *disk) write(do func() error) error {
	if d == nil || d.fail == nil {
		return do()
	}
	return d.fail(do)
}
