package notify

import (
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"droits.example/droits/internal/fault"
)

// maxAddress bounds an address of either kind.
const maxAddress = 500

// CheckURL says whether webhooks may be sent to an address: https, or http to
// this machine in a sandbox; a path at most, because what follows it is where
// secrets hide. What a name leads to is checked at each sending. Errors:
// parametre_invalide on url, with the rule.
func CheckURL(raw string, sandbox bool) error {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxAddress || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return badURL("URL_MALFORMED")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return badURL("URL_NOT_HTTPS")
	case u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(raw, "#"):
		return badURL("URL_TOO_MUCH")
	case u.Hostname() == "":
		return badURL("URL_MALFORMED")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return badURL("URL_MALFORMED")
		}
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	ip, err := netip.ParseAddr(host)
	named := err != nil
	if named && !nameable(host) {
		return badURL("URL_MALFORMED")
	}
	loopback := host == "localhost" || strings.HasSuffix(host, ".localhost") || !named && ip.Unmap().IsLoopback()
	switch {
	case loopback && !sandbox:
		return badURL("URL_THIS_MACHINE")
	case u.Scheme == "http" && !loopback:
		return badURL("URL_NOT_HTTPS")
	case !named && !loopback && !Reachable(ip, nil):
		return badURL("URL_INSIDE")
	case named && !loopback && !strings.Contains(host, "."):
		return badURL("URL_INSIDE") // a bare name is somebody's on the local network
	}
	return nil
}

// nameable reports whether a host can only be a name: no label is empty and the
// last is no number, which resolvers read as an address written in another way
// (127.1, 0x7f.1).
func nameable(host string) bool {
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	if slices.Contains(labels, "") || strings.Trim(last, "0123456789") == "" {
		return false
	}
	return !strings.HasPrefix(last, "0x") || strings.Trim(last[2:], "0123456789abcdef") != ""
}

func badURL(reason string) error {
	return fault.New(fault.ParametreInvalide, "notify: address").On("url").Because(reason)
}

// inside are networks that no address on the public network lies in, besides
// those that netip knows: shared, benchmark, documentation, the old broadcast
// and future ranges, and those that carry another address within.
var inside = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fec0::/10")

func prefixes(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// Reachable reports whether a message may go to an address: on the public
// network, or in one of the networks that the operator allows. Loopback,
// link-local (where clouds answer with credentials), private and reserved
// addresses are not.
func Reachable(a netip.Addr, allowed []netip.Prefix) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	for _, p := range allowed {
		if p.Contains(a) {
			return true
		}
	}
	if a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsMulticast() || a.IsLinkLocalUnicast() || !a.IsGlobalUnicast() {
		return false
	}
	for _, p := range inside {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// CheckMail reads an address to write to a person, alone and without a display
// name, and without accents: few servers take others. Errors:
// parametre_invalide on mail, with the reason MAIL_ACCENTED for what would
// otherwise be one.
func CheckMail(raw string) (string, error) {
	bad := fault.New(fault.ParametreInvalide, "notify: address").On("mail")
	raw = strings.TrimSpace(raw)
	if a, err := mail.ParseAddress(raw); err == nil && a.Address == raw && strings.ContainsFunc(raw, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "", bad.Because("MAIL_ACCENTED")
	}
	if len(raw) > maxAddress || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>()[]:;,"\`, r) }) {
		return "", bad
	}
	a, err := mail.ParseAddress(raw)
	if err != nil || a.Address != raw || a.Name != "" {
		return "", bad
	}
	if at := strings.LastIndexByte(raw, '@'); at < 1 || at > 64 || !strings.Contains(raw[at+1:], ".") {
		return "", bad
	}
	return raw, nil
}

// MaskMail is an address that its owner recognises and nobody else can use.
func MaskMail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "•••"
	}
	return address[:1] + "•••" + address[at:]
}
