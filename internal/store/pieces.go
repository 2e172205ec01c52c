package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"maps"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

func placePiece(id, column string) string { return "piece|" + column + "|" + id }

// AttachPiece joins a document to a field of a request that may be written: it
// replaces the one that was there, which stays with what was submitted with it.
// The same document again changes nothing. The content is checked here. Errors: those of habilitation.CheckPiece and
// ActOnRequest, parametre_invalide with PIECE_TOO_MANY.
func (s *Store) AttachPiece(ctx context.Context, p habilitation.Piece, content []byte, d habilitation.Doing) (habilitation.Request, error) {
	if err := habilitation.CheckPiece(p.Field, content); err != nil {
		return habilitation.Request{}, err
	}
	if same, r, err := s.attachedAlready(ctx, p, content); same || err != nil {
		return r, err
	}
	p.ID = partner.NewID("doc")
	return s.changePieces(ctx, p.Request, d, func(tx *sql.Tx, pieces map[string]string) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM piece WHERE demande = $1`, p.Request).Scan(&n); err != nil {
			return err
		}
		if n >= habilitation.MaxPieces {
			return fault.New(fault.ParametreInvalide, "store: attach").On(p.Field).Because(habilitation.PieceTooMany)
		}
		pieces[p.Field] = p.ID
		_, err := tx.ExecContext(ctx, `INSERT INTO piece (id, demande, champ, nom, taille, contenu, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			p.ID, p.Request, p.Field, seal(s.keys.rows, placePiece(p.ID, "nom"), []byte(habilitation.PieceName(p.Name))), len(content),
			seal(s.keys.rows, placePiece(p.ID, "contenu"), content), millis(s.clock()))
		return err
	})
}

// attachedAlready reports whether a field has that very document: the same form
// was sent twice.
func (s *Store) attachedAlready(ctx context.Context, p habilitation.Piece, content []byte) (bool, habilitation.Request, error) {
	r, err := s.Request(ctx, p.Request)
	id := r.Form.Pieces[p.Field]
	if err != nil || id == "" {
		return false, r, err
	}
	old, before, err := s.Piece(ctx, p.Request, id)
	return err == nil && old.Name == habilitation.PieceName(p.Name) && bytes.Equal(before, content), r, err
}

// DetachPiece takes the document of a field out of a request; what was
// submitted with it keeps it. Errors: those of ActOnRequest.
func (s *Store) DetachPiece(ctx context.Context, request, field string, d habilitation.Doing) (habilitation.Request, error) {
	return s.changePieces(ctx, request, d, func(_ *sql.Tx, pieces map[string]string) error {
		delete(pieces, field)
		return nil
	})
}

// changePieces is an update of a request that touches its documents alone.
func (s *Store) changePieces(ctx context.Context, id string, d habilitation.Doing, do func(*sql.Tx, map[string]string) error) (next habilitation.Request, err error) {
	d.At, d.Act = s.clock(), habilitation.Update
	e := trace.Event{Class: trace.ConventionEvent, Operation: "demande_pieces", Actor: actorOf(d.Role), Author: d.Author, Object: id}
	err = s.act(ctx, "store: documents of a request", &e, func(tx *sql.Tx) error {
		r, _, err := s.readRequest(ctx, tx, id)
		if err != nil {
			return err
		}
		f := r.Form
		if f.Pieces = maps.Clone(r.Form.Pieces); f.Pieces == nil {
			f.Pieces = map[string]string{}
		}
		if err := do(tx, f.Pieces); err != nil {
			return err
		}
		d.Form = &f
		next, err = s.actIn(ctx, tx, &e, d)
		return err
	})
	return next, err
}

// Pieces lists the documents of a request, those that were replaced too, oldest
// first. Errors: service_indisponible.
func (s *Store) Pieces(ctx context.Context, request string) (out []habilitation.Piece, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		p, err := s.scanPiece(scan)
		out = append(out, p)
		return err
	}, `SELECT id, demande, champ, nom, taille, created_at FROM piece WHERE demande = $1 ORDER BY created_at, id`, request)
	return out, unavailable("store: documents", err)
}

func (s *Store) scanPiece(scan func(...any) error, more ...any) (p habilitation.Piece, err error) {
	var name []byte
	var at int64
	if err := scan(append([]any{&p.ID, &p.Request, &p.Field, &name, &p.Size, &at}, more...)...); err != nil {
		return p, err
	}
	p.At = time.UnixMilli(at)
	plain, err := open(s.keys.rows, placePiece(p.ID, "nom"), name)
	p.Name = string(plain)
	return p, err
}

// Piece reads a document of a request. Who may read it is the caller's matter.
// Errors: ressource_inconnue, service_indisponible.
func (s *Store) Piece(ctx context.Context, request, id string) (p habilitation.Piece, content []byte, err error) {
	row := s.journal.reader.QueryRowContext(ctx, `SELECT id, demande, champ, nom, taille, created_at, contenu FROM piece WHERE id = $1 AND demande = $2`, id, request)
	var sealed []byte
	p, err = s.scanPiece(row.Scan, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil, notFound("store: document")
	}
	if err == nil {
		content, err = open(s.keys.rows, placePiece(id, "contenu"), sealed)
	}
	return p, content, unavailable("store: document", err)
}

// RequestsOf are the requests of an organisation with all that they hold, the
// last changed first. Errors: service_indisponible.
func (s *Store) RequestsOf(ctx context.Context, siret string) ([]habilitation.Request, error) {
	var ids []string
	err := each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM demande WHERE organisation = $1 AND organisation <> '' ORDER BY changed_at DESC, id DESC LIMIT $2`, siret, habilitation.MaxPage)
	out := make([]habilitation.Request, 0, len(ids))
	for _, id := range ids {
		if err != nil {
			break
		}
		var r habilitation.Request
		r, _, err = s.readRequest(ctx, s.journal.reader, id)
		out = append(out, r)
	}
	return out, unavailable("store: requests of an organisation", err)
}

// SeenBy is how many events of each request an account has seen. Errors:
// service_indisponible.
func (s *Store) SeenBy(ctx context.Context, account string) (map[string]int, error) {
	out := map[string]int{}
	err := each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var id string
		var n int
		err := scan(&id, &n)
		out[id] = n
		return err
	}, `SELECT demande, vu FROM demande_vue WHERE compte = $1`, account)
	return out, unavailable("store: what was seen", err)
}

// NoteSeen keeps that an account has seen so many events of a request; never
// fewer than before. Errors: service_indisponible.
func (s *Store) NoteSeen(ctx context.Context, account, request string, events int) error {
	return s.tidy(ctx, "store: note seen", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO demande_vue (compte, demande, vu) VALUES ($1, $2, $3)
			ON CONFLICT (compte, demande) DO UPDATE SET vu = MAX(vu, excluded.vu)`, account, request, events)
		return err
	})
}
