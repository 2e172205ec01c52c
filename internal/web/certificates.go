package web

import (
	"encoding/hex"
	"net/http"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// certificateLine is a client certificate bound to a key: it is not kept, its
// fingerprint is.
type certificateLine struct {
	Digest, Short string
	Ends          string
	State         tag
}

func certificateLines(k partner.Key, now time.Time) (out []certificateLine) {
	for _, c := range k.Certificates {
		digest := hex.EncodeToString(c.Digest[:])
		l := certificateLine{Digest: digest, Short: digest[:16] + "…", Ends: day(civil.On(c.EndsAt)), State: tag{"ok", "utilisable"}}
		switch {
		case !now.Before(c.EndsAt):
			l.State = tag{"", "expiré"}
		case c.EndsAt.Sub(now) < 90*24*time.Hour:
			l.State = tag{"warn", "expire bientôt"}
		}
		out = append(out, l)
	}
	return out
}

// bindCertificate notes a client certificate that the partner's software will
// show. What it holds beside its fingerprint and its end is not kept.
func (d *desk) bindCertificate(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	k, err := d.ownKey(r, t)
	if err != nil {
		return err
	}
	c, err := d.Certificate([]byte(r.PostForm.Get("certificat")))
	if err == nil {
		err = d.As(t.by).BindCertificate(r.Context(), k.ID, c)
	}
	if f := fault.From(err); f.Field() == "certificate" {
		note(w, err)
		why, known := certificateRefusals[f.Reason()]
		if !known {
			why = "certificat-faux"
		}
		return redirect(w, r, keysPath+"?fait="+why)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, keysPath+"?fait=certificat-lie")
}

// certificateRefusals are the messages of the reasons for which a certificate
// is not bound; any other is that it is none.
var certificateRefusals = map[string]string{"CERTIFICATE_ENDED": "certificat-expire", "CERTIFICATE_TAKEN": "certificat-pris", "CERTIFICATES_FULL": "certificat-trop"}

// unbindCertificate takes one off, at once.
func (d *desk) unbindCertificate(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	k, err := d.ownKey(r, t)
	if err == nil {
		err = d.As(t.by).UnbindCertificate(r.Context(), k.ID, r.PostForm.Get("empreinte"))
	}
	if err != nil {
		return err
	}
	return redirect(w, r, keysPath+"?fait=certificat-retire")
}
