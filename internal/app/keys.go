package app

import "context"

// watchKeys keeps how keys are used, raises what is unusual of the day, and
// reminds partners of the keys and certificates that end. Several applications
// may share a store; the one that opened it does.
func (a *App) watchKeys(ctx context.Context) error {
	if a.opts.Store != nil {
		return nil
	}
	if err := a.Store.NoteUses(ctx); err != nil {
		return err
	}
	raised, err := a.Store.Unusual(ctx)
	for _, k := range raised {
		a.metrics.alarm(k)
	}
	if err != nil {
		return err
	}
	_, err = a.Store.RemindEnds(ctx)
	return err
}

// noteUses keeps what was counted since the last minute: the process ends.
func (a *App) noteUses() error {
	if a.Store == nil || a.opts.Store != nil {
		return nil
	}
	return a.Store.NoteUses(context.Background())
}
