package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

const (
	// MaxUpload is the size of a form that carries a document.
	MaxUpload = habilitation.MaxPiece + 64<<10
	// uploadFor is how long a document may take to arrive.
	uploadFor = 2 * time.Minute
	// uploadRoute is the one that takes documents.
	uploadRoute = "POST " + requestsPath + "/{id}/pieces/{champ}"
)

// bodyLimit is the size of a form that a route takes.
func bodyLimit(route string) int64 {
	switch route {
	case uploadRoute, letterRoute: // says itself what is too large
		return 1 << 62
	case "POST " + requestsPath + "/{id}/etapes/{etape}":
		return MaxRequestForm
	}
	return MaxForm
}

// pieceErrors are what is said of a document that is refused.
var pieceErrors = map[string]string{
	habilitation.PieceEmpty:    "Choisissez un fichier PDF de 10 Mo au plus.",
	habilitation.PieceTooLarge: "Ce fichier dépasse 10 Mo. Réduisez-le, puis joignez-le de nouveau. Rien n'a été enregistré.",
	habilitation.PieceNotPDF:   "Ce fichier n'est pas un PDF, quel que soit son nom. Enregistrez le document au format PDF, puis joignez-le de nouveau.",
	habilitation.PieceTooMany:  "Cette demande a déjà vingt documents, remplacés compris. Écrivez à l'instruction pour en transmettre un autre.",
}

// slots completes a page with its places for documents.
func (d *desk) slots(r *http.Request, x habilitation.Request, s formStep, now typed, data *stepData) error {
	if len(s.slots) == 0 {
		return nil
	}
	pieces, err := d.Requests.Pieces(r.Context(), x.ID)
	if err != nil {
		return err
	}
	for _, place := range s.slots {
		at := requestsPath + "/" + x.ID + "/pieces/" + place.field
		y := slotData{Field: place.field, Label: place.label, Hint: place.hint, Error: now.wrong[place.field], Attach: at, Drop: at + "/retirer", Once: once()}
		if i := slices.IndexFunc(pieces, func(p habilitation.Piece) bool { return p.ID == x.Form.Pieces[place.field] }); i >= 0 {
			y.Name, y.Href = pieces[i].Name, requestsPath+"/"+x.ID+"/pieces/"+pieces[i].ID
		}
		data.Slots = append(data.Slots, y)
	}
	return nil
}

// attach takes a document. One that is too large is answered before it is read.
func (d *desk) attach(w http.ResponseWriter, r *http.Request, t turn) error {
	x, err := d.own(r, t)
	if err != nil {
		return err
	}
	name := r.PathValue("champ")
	step, _, ok := placeOf(name)
	if !ok || !slices.Contains(habilitation.PieceFields(), name) {
		return fault.New(fault.RessourceInconnue, "web: attach")
	}
	if err := x.Can(habilitation.Update, habilitation.Demandeur); err != nil {
		return err
	}
	p, content, _, err := readPiece(w, r)
	if err == nil {
		p.Request, p.Field = x.ID, name
		x, err = d.As(t.by).AttachPiece(r.Context(), p, content, t.doing(r, habilitation.Update))
	}
	if text := pieceErrors[fault.From(err).Reason()]; err != nil && text != "" {
		note(w, err)
		if x, err = d.own(r, t); err != nil {
			return err
		}
		return d.showStep(w, r, t, x, step, typed{form: x.Form, wrong: map[string]string{name: text}}, stepData{})
	}
	if err != nil {
		return err
	}
	return redirect(w, r, requestsPath+"/"+x.ID+"/etapes/"+formSteps[step].slug+"?fait=jointe")
}

// readPiece reads the one file of a form, no further than the bound. said are
// the short fields that came with it.
func readPiece(w http.ResponseWriter, r *http.Request) (p habilitation.Piece, content []byte, said map[string]string, err error) {
	said = map[string]string{}
	tooLarge := fault.New(fault.ParametreInvalide, "web: document").On("document").Because(habilitation.PieceTooLarge)
	empty := tooLarge.Because(habilitation.PieceEmpty)
	if r.ContentLength > MaxUpload {
		return p, nil, said, tooLarge
	}
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})                                                   // longer than other forms may take
	late := time.AfterFunc(uploadFor, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) }) // but not for ever
	defer late.Stop()
	r.Body = http.MaxBytesReader(w, r.Body, MaxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return p, nil, said, empty
	}
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return p, content, said, ifEmpty(content, empty)
		case err != nil:
			return p, nil, said, cut(err, tooLarge, empty)
		case part.FileName() == "":
			text, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil {
				return p, nil, said, cut(err, tooLarge, empty)
			}
			said[part.FormName()] = string(text)
			continue
		}
		p.Name = part.FileName()
		if content, err = readPart(part); err != nil {
			return p, nil, said, cut(err, tooLarge, empty)
		}
	}
}

func readPart(part *multipart.Part) ([]byte, error) {
	return io.ReadAll(io.LimitReader(part, habilitation.MaxPiece+1))
}

func ifEmpty(content []byte, empty error) error {
	if len(content) == 0 {
		return empty
	}
	return nil
}

// cut tells a form that is too large from one that is cut short.
func cut(err, tooLarge, otherwise error) error {
	var bound *http.MaxBytesError
	if errors.As(err, &bound) {
		return tooLarge
	}
	return otherwise
}

func (d *desk) detach(w http.ResponseWriter, r *http.Request, t turn) error {
	x, err := d.own(r, t)
	if err != nil {
		return err
	}
	name := r.PathValue("champ")
	step, _, ok := placeOf(name)
	if !ok || !d.form(w, r) {
		return fault.New(fault.RessourceInconnue, "web: detach")
	}
	if _, err := d.As(t.by).DetachPiece(r.Context(), x.ID, name, t.doing(r, habilitation.Update)); err != nil {
		return err
	}
	return redirect(w, r, requestsPath+"/"+x.ID+"/etapes/"+formSteps[step].slug+"?fait=retiree")
}

// piece gives a document to its organisation: to keep, never to show.
func (d *desk) piece(w http.ResponseWriter, r *http.Request, t turn) error {
	x, err := d.own(r, t)
	if err != nil {
		return err
	}
	return d.givePiece(w, r, x.ID)
}

// givePiece answers a document of a request, by the identifier in the address.
func (d *desk) givePiece(w http.ResponseWriter, r *http.Request, request string) error {
	p, content, err := d.Requests.Piece(r.Context(), request, r.PathValue("piece"))
	if err != nil {
		return err
	}
	h := w.Header()
	plainHeaders(h)
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", attachment(p.Name))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, err = w.Write(content)
	if err != nil {
		return nil // the browser went away
	}
	return nil
}

// attachment names a file for both old and new readers of the header.
func attachment(name string) string {
	plain := mime.FormatMediaType("attachment", map[string]string{"filename": "document.pdf"})
	return plain + "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
