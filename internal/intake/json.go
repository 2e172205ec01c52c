package intake

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// cursor walks one line of JSON strictly and without building a tree. Its
// methods return the rule broken, "" when none is. The line is valid UTF-8.
type cursor struct {
	b      []byte
	i      int
	member string // innermost member at fault
}

func (c *cursor) space() {
	for c.i < len(c.b) && (c.b[c.i] == ' ' || c.b[c.i] == '\t' || c.b[c.i] == '\r' || c.b[c.i] == '\n') {
		c.i++
	}
}

// next is the byte after white space, 0 at the end.
func (c *cursor) next() byte {
	if c.space(); c.i < len(c.b) {
		return c.b[c.i]
	}
	return 0
}

func (c *cursor) take(want byte) Rule {
	if c.next() != want {
		return JSONInvalid
	}
	c.i++
	return ""
}

// ended reports that nothing but white space is left.
func (c *cursor) ended() bool { return c.next() == 0 && c.i == len(c.b) }

func (c *cursor) literal(s string) bool {
	if len(c.b)-c.i < len(s) || string(c.b[c.i:c.i+len(s)]) != s {
		return false
	}
	c.i += len(s)
	return true
}

// expect checks the first byte of a value; null and other types are told from
// nonsense.
func (c *cursor) expect(want byte) Rule {
	switch b := c.next(); {
	case b == want:
		return ""
	case b == 'n' && c.literal("null"):
		return ValueNull
	case b == '{' || b == '[' || b == '"' || b == 't' || b == 'f' || b == '-' || '0' <= b && b <= '9':
		return ValueType
	}
	return JSONInvalid
}

// text reads a string. Without escapes it is a slice of the line.
func (c *cursor) text() ([]byte, Rule) {
	if r := c.expect('"'); r != "" {
		return nil, r
	}
	c.i++
	start := c.i
	for ; c.i < len(c.b); c.i++ {
		switch b := c.b[c.i]; {
		case b == '"':
			c.i++
			return c.b[start : c.i-1], ""
		case b < ' ':
			return nil, JSONInvalid
		case b == '\\':
			return c.escaped(append([]byte(nil), c.b[start:c.i]...))
		}
	}
	return nil, JSONInvalid
}

func (c *cursor) escaped(out []byte) ([]byte, Rule) {
	for c.i < len(c.b) {
		b := c.b[c.i]
		c.i++
		switch {
		case b == '"':
			return out, ""
		case b < ' ':
			return nil, JSONInvalid
		case b != '\\':
			out = append(out, b)
			continue
		}
		if c.i == len(c.b) {
			break
		}
		b = c.b[c.i]
		c.i++
		switch b {
		case '"', '\\', '/':
			out = append(out, b)
		case 'b', 'f', 'n', 'r', 't':
			out = append(out, map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}[b])
		case 'u':
			r, ok := c.hex()
			if utf16.IsSurrogate(r) && ok && c.literal(`\u`) {
				var low rune
				low, ok = c.hex()
				r = utf16.DecodeRune(r, low)
			}
			if !ok || utf16.IsSurrogate(r) || r == utf8.RuneError {
				return nil, JSONInvalid
			}
			out = utf8.AppendRune(out, r)
		default:
			return nil, JSONInvalid
		}
	}
	return nil, JSONInvalid
}

func (c *cursor) hex() (rune, bool) {
	if len(c.b)-c.i < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(c.b[c.i:c.i+4]), 16, 16)
	c.i += 4
	return rune(n), err == nil
}

func (c *cursor) boolean() (bool, Rule) {
	switch b := c.next(); {
	case b == 't' && c.literal("true"):
		return true, ""
	case b == 'f' && c.literal("false"):
		return false, ""
	case b == 't' || b == 'f':
		return false, JSONInvalid
	}
	return false, c.expect('t')
}

// digit reads a number of one digit; any other number is out of range.
func (c *cursor) digit() (int, Rule) {
	b := c.next()
	if b != '-' && (b < '0' || b > '9') {
		return 0, c.expect('0')
	}
	start := c.i
	if r := c.number(); r != "" {
		return 0, r
	}
	if c.i-start > 1 {
		return 0, RankOutOfRange
	}
	return int(b - '0'), ""
}

// number passes over a JSON number.
func (c *cursor) number() Rule {
	digits := func() bool {
		start := c.i
		for c.i < len(c.b) && '0' <= c.b[c.i] && c.b[c.i] <= '9' {
			c.i++
		}
		return c.i > start
	}
	c.literal("-")
	if !c.literal("0") && !digits() {
		return JSONInvalid
	}
	if c.literal(".") && !digits() {
		return JSONInvalid
	}
	if c.literal("e") || c.literal("E") {
		if !c.literal("+") {
			c.literal("-")
		}
		if !digits() {
			return JSONInvalid
		}
	}
	return ""
}

// array calls item for each element.
func (c *cursor) array(item func() Rule) Rule {
	if r := c.expect('['); r != "" {
		return r
	}
	c.i++
	if c.next() == ']' {
		c.i++
		return ""
	}
	for {
		if r := item(); r != "" {
			return r
		}
		switch c.next() {
		case ',':
			c.i++
		case ']':
			c.i++
			return ""
		default:
			return JSONInvalid
		}
	}
}

// object calls value after each name, the cursor being on the value.
func (c *cursor) object(value func(name []byte) Rule) Rule {
	if r := c.expect('{'); r != "" {
		return r
	}
	c.i++
	if c.next() == '}' {
		c.i++
		return ""
	}
	for {
		if c.next() != '"' {
			return JSONInvalid
		}
		name, r := c.text()
		if r != "" {
			return r
		}
		if r := c.take(':'); r != "" {
			return r
		}
		if r := value(name); r != "" {
			return r
		}
		switch c.next() {
		case ',':
			c.i++
		case '}':
			c.i++
			return ""
		default:
			return JSONInvalid
		}
	}
}

// deepest bounds nesting: the format has five levels.
const deepest = 16

// skip passes over any value.
func (c *cursor) skip(depth int) Rule {
	switch b := c.next(); {
	case depth > deepest:
		return JSONInvalid
	case b == '{':
		return c.object(func([]byte) Rule { return c.skip(depth + 1) })
	case b == '[':
		return c.array(func() Rule { return c.skip(depth + 1) })
	case b == '"':
		_, r := c.text()
		return r
	case b == '-' || '0' <= b && b <= '9':
		return c.number()
	case c.literal("true") || c.literal("false") || c.literal("null"):
		return ""
	}
	return JSONInvalid
}
