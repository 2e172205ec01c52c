package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/support"
	"droits.example/droits/internal/trace"
)

const placeFile = "dossier|contenu|"

func (s *Store) sealFile(f *support.File) ([]byte, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fault.Wrap(fault.ErreurInterne, "store: encode file", err)
	}
	return seal(s.keys.rows, placeFile+f.ID, b), nil
}

func (s *Store) scanFile(scan func(...any) error) (f support.File, err error) {
	var id string
	var sealed []byte
	if err = scan(&id, &sealed); err != nil {
		return f, err
	}
	plain, err := open(s.keys.rows, placeFile+id, sealed)
	if err == nil {
		err = json.Unmarshal(plain, &f)
	}
	return f, err
}

// OpenFile opens a question or an incident; it gets the next number of the
// year. Errors: those of support.File.Open, service_indisponible.
func (s *Store) OpenFile(ctx context.Context, f support.File) (support.File, error) {
	now := s.clock()
	f, err := f.Open(now)
	if err != nil {
		return f, err
	}
	letter, e := "S", trace.Event{Class: trace.AgentAction, Operation: "support_ouvert", Actor: trace.ActorPartner, After: string(f.State)}
	if f.Kind == support.Incident {
		letter, e.Operation = "V", "violation_ouverte"
	}
	err = s.act(ctx, "store: open file", &e, func(tx *sql.Tx) error {
		prefix := letter + "-" + strconv.Itoa(civil.On(now).Year()) + "-"
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM dossier WHERE id LIKE $1`, prefix+"%").Scan(&n); err != nil {
			return err
		}
		f.ID = fmt.Sprintf("%s%04d", prefix, n+1)
		e.Object = f.ID
		sealed, err := s.sealFile(&f)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO dossier (id, nature, organisation, etat, contenu, opened_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			f.ID, string(f.Kind), f.Organisation, string(f.State), sealed, millis(now), millis(now))
		return err
	})
	return f, err
}

// WriteFile adds a message to a file of an organisation, "" for whatever one.
// Errors: ressource_inconnue, and those of support.File.Write.
func (s *Store) WriteFile(ctx context.Context, organisation, id string, m support.Message) error {
	m.At = s.clock()
	return s.onFile(ctx, organisation, id, "ecrit", func(f support.File) (support.File, error) { return f.Write(m) })
}

// CloseFile ends a file. Errors: ressource_inconnue, and those of
// support.File.Close.
func (s *Store) CloseFile(ctx context.Context, organisation, id string, by support.Side) error {
	return s.onFile(ctx, organisation, id, "clos", func(f support.File) (support.File, error) { return f.Close(by, s.clock()) })
}

func (s *Store) onFile(ctx context.Context, organisation, id, what string, do func(support.File) (support.File, error)) error {
	e := trace.Event{Class: trace.AgentAction, Operation: "support_" + what, Actor: trace.ActorPartner, Object: id}
	return s.act(ctx, "store: file", &e, func(tx *sql.Tx) error {
		f, err := s.scanFile(tx.QueryRowContext(ctx, `SELECT id, contenu FROM dossier WHERE id = $1`, id).Scan)
		if errors.Is(err, sql.ErrNoRows) || err == nil && organisation != "" && f.Organisation != organisation {
			return notFound("store: file")
		}
		if err != nil {
			return err
		}
		if f.Kind == support.Incident {
			e.Operation = "violation_" + what
		}
		next, err := do(f)
		if err != nil {
			return err
		}
		e.Before, e.After = string(f.State), string(next.State)
		sealed, err := s.sealFile(&next)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE dossier SET etat = $1, contenu = $2, changed_at = $3 WHERE id = $4`, string(next.State), sealed, millis(next.ChangedAt), id)
		return err
	})
}

// File reads a file of an organisation, "" for whatever one. Errors:
// ressource_inconnue, service_indisponible.
func (s *Store) File(ctx context.Context, organisation, id string) (support.File, error) {
	f, err := s.scanFile(s.journal.reader.QueryRowContext(ctx, `SELECT id, contenu FROM dossier WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) || err == nil && organisation != "" && f.Organisation != organisation {
		return support.File{}, notFound("store: file")
	}
	return f, unavailable("store: file", err)
}

// Files lists files, the last changed first; total counts what the query
// selects. Errors: parametre_invalide, service_indisponible.
func (s *Store) Files(ctx context.Context, q support.Query) (list []support.File, total int, err error) {
	if q.Limit < 1 || q.Limit > support.MaxPage || q.Offset < 0 {
		return nil, 0, fault.New(fault.ParametreInvalide, "store: files").On("page")
	}
	var where []string
	var args []any
	for _, c := range []struct{ column, v string }{{"nature", string(q.Kind)}, {"organisation", q.Organisation}, {"etat", string(q.State)}} {
		if c.v != "" {
			args = append(args, c.v)
			where = append(where, c.column+` = $`+strconv.Itoa(len(args)))
		}
	}
	filter := ""
	if len(where) > 0 {
		filter = ` WHERE ` + strings.Join(where, ` AND `)
	}
	if err := s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM dossier`+filter, args...).Scan(&total); err != nil {
		return nil, 0, unavailable("store: files", err)
	}
	n := len(args)
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		f, err := s.scanFile(scan)
		list = append(list, f)
		return err
	}, `SELECT id, contenu FROM dossier`+filter+` ORDER BY changed_at DESC, id LIMIT $`+strconv.Itoa(n+1)+` OFFSET $`+strconv.Itoa(n+2), append(args, q.Limit, q.Offset)...)
	return list, total, unavailable("store: files", err)
}
