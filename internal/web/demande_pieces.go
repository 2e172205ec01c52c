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
	// MaxUpload is the size of a page of the form that carries a document.
	MaxUpload = habilitation.MaxPiece + MaxRequestForm
	// uploadFor is how long a page with a document may take to arrive.
	uploadFor = 2 * time.Minute
	// stepRoute is the one that takes documents.
	stepRoute = "POST " + requestsPath + "/{id}/etapes/{etape}"
)

// bodyLimit is the size of a form that a route takes.
func bodyLimit(route string) int64 {
	if route == stepRoute || route == letterRoute { // they say themselves what is too large
		return 1 << 62
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
		y := slotData{Field: place.field, Label: place.label, Hint: place.hint, Error: now.wrong[place.field], Drop: at + "/retirer"}
		if i := slices.IndexFunc(pieces, func(p habilitation.Piece) bool { return p.ID == x.Form.Pieces[place.field] }); i >= 0 {
			y.Name, y.Href = pieces[i].Name, requestsPath+"/"+x.ID+"/pieces/"+pieces[i].ID
		}
		data.Slots = append(data.Slots, y)
	}
	return nil
}

// upload is a document that came with a page of the form.
type upload struct {
	field, name string
	content     []byte
	err         error // why it is not to be kept
}

// readStep reads a page of the form: its answers into r.PostForm, then the
// document that comes after them. What is too large is not read, and costs no
// answer. It reports false once it has answered itself.
func (d *desk) readStep(w http.ResponseWriter, r *http.Request) (doc *upload, ok bool) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return nil, d.largeForm(w, r)
	}
	var err error
	if r.PostForm, doc, err = readUpload(w, r); err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, errLongText) {
			status = http.StatusRequestEntityTooLarge
		}
		d.Error(w, r, status)
		return nil, false
	}
	if doc != nil && !slices.Contains(habilitation.PieceFields(), doc.field) {
		doc = nil
	}
	return doc, true
}

// errLongText says that the texts of a form are longer than a page of them.
var errLongText = errors.New("web: the texts of a form are too long")

// readUpload reads a form of several parts: its texts, within the bound of a
// page, and the document that follows them. What is wrong with the document is
// said in it; the error is of the form.
func readUpload(w http.ResponseWriter, r *http.Request) (texts url.Values, doc *upload, err error) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})                                                   // longer than other forms may take
	late := time.AfterFunc(uploadFor, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) }) // but not for ever
	defer late.Stop()
	r.Body = http.MaxBytesReader(w, r.Body, MaxUpload)
	parts, err := r.MultipartReader()
	texts = url.Values{}
	for left := int64(MaxRequestForm); err == nil; {
		var part *multipart.Part
		if part, err = parts.NextPart(); err != nil {
			break
		}
		if part.FileName() != "" {
			doc = &upload{field: part.FormName(), name: part.FileName()}
			if doc.content, doc.err = readPart(part, r.ContentLength > MaxUpload); doc.err != nil {
				return texts, doc, nil
			}
			continue
		}
		var v []byte
		if v, err = io.ReadAll(io.LimitReader(part, left+1)); int64(len(v)) > left {
			return texts, nil, errLongText
		}
		left -= int64(len(v))
		texts.Add(part.FormName(), string(v))
	}
	if !errors.Is(err, io.EOF) {
		return texts, nil, err
	}
	return texts, doc, nil
}

// readPiece reads a form that is one document and short texts. Errors:
// parametre_invalide with the reason of a document.
func readPiece(w http.ResponseWriter, r *http.Request) (p habilitation.Piece, content []byte, said map[string]string, err error) {
	said = map[string]string{}
	texts, doc, err := readUpload(w, r)
	for name := range texts {
		said[name] = texts.Get(name)
	}
	switch {
	case err != nil || doc == nil:
		return p, nil, said, fault.New(fault.ParametreInvalide, "web: document").On("document").Because(habilitation.PieceEmpty)
	case doc.err != nil:
		return p, nil, said, doc.err
	}
	p.Name = doc.name
	return p, doc.content, said, nil
}

// readPart reads a document no further than the bound, and not at all when the
// page that carries it is announced too large.
func readPart(part io.Reader, tooLarge bool) ([]byte, error) {
	refused := fault.New(fault.ParametreInvalide, "web: document").On("document").Because(habilitation.PieceTooLarge)
	if tooLarge {
		return nil, refused
	}
	b, err := io.ReadAll(io.LimitReader(part, habilitation.MaxPiece+1))
	var bound *http.MaxBytesError
	switch {
	case errors.As(err, &bound), len(b) > habilitation.MaxPiece:
		return nil, refused
	case err != nil:
		return nil, refused.Because(habilitation.PieceEmpty) // it was cut on its way
	}
	return b, nil
}

// attach keeps the document of a page whose answers are kept already; what is
// wrong with it is said beside its field.
func (d *desk) attach(r *http.Request, t turn, x habilitation.Request, doc *upload) (habilitation.Request, string, error) {
	if doc == nil {
		return x, "", nil
	}
	err, next := doc.err, x
	if err == nil {
		next, err = d.As(t.by).AttachPiece(r.Context(), habilitation.Piece{Request: x.ID, Field: doc.field, Name: doc.name}, doc.content, t.doing(r, habilitation.Update))
	}
	if text := pieceErrors[fault.From(err).Reason()]; err != nil && text != "" {
		return x, text, nil
	}
	return next, "", err
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
