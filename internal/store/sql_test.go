package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// texts evaluates every string expression of the package as far as it is
// constant, concatenations and constants included.
func texts(t *testing.T) map[string]string {
	t.Helper()
	set := token.NewFileSet()
	list, err := os.ReadDir(".")
	must(t, err)
	var parsed []*ast.File
	consts := map[string]ast.Expr{}
	for _, f := range list {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, f.Name(), nil, 0)
		must(t, err)
		parsed = append(parsed, file)
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				for i, name := range v.Names {
					if i < len(v.Values) {
						consts[name.Name] = v.Values[i]
					}
				}
			}
			return true
		})
	}
	var eval func(ast.Expr) (string, bool)
	eval = func(e ast.Expr) (string, bool) {
		switch e := e.(type) {
		case *ast.BasicLit:
			s, err := strconv.Unquote(e.Value)
			return s, e.Kind == token.STRING && err == nil
		case *ast.Ident:
			if c := consts[e.Name]; c != nil {
				return eval(c)
			}
		case *ast.BinaryExpr:
			a, okA := eval(e.X)
			b, okB := eval(e.Y)
			return a + b, okA && okB
		}
		return "", false
	}
	out := map[string]string{}
	for _, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			s, ok := eval(e)
			if ok {
				out[set.Position(e.Pos()).String()] = s
			}
			return !ok
		})
	}
	return out
}

func TestTheSQLIsPortable(t *testing.T) {
	statement := regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
	place := regexp.MustCompile(`\$(\d+)`)
	n := 0
	for at, q := range texts(t) {
		if !statement.MatchString(q) {
			continue
		}
		n++
		highest := 0
		for _, m := range place.FindAllStringSubmatch(q, -1) {
			p, _ := strconv.Atoi(m[1])
			if p > highest+1 {
				t.Errorf("%s: $%d comes before $%d", at, p, highest+1)
			}
			highest = max(highest, p)
		}
		for _, bad := range []string{"?", "INSERT OR ", "REPLACE INTO", "rowid", "strftime", "IFNULL", "`", "AUTOINCREMENT"} {
			if strings.Contains(q, bad) {
				t.Errorf("%s: %s is not portable", at, bad)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d statements were found", n)
	}
}
