package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// insertMany writes rows of width columns, up to 64 a statement.
func insertMany(ctx context.Context, tx *sql.Tx, head string, width int, args []any) error {
	const rows = 64
	for len(args) > 0 {
		n := min(len(args)/width, rows)
		var q strings.Builder
		q.WriteString(head)
		for i := range n {
			if i > 0 {
				q.WriteByte(',')
			}
			q.WriteByte('(')
			for j := range width {
				if j > 0 {
					q.WriteByte(',')
				}
				q.WriteString("$" + strconv.Itoa(i*width+j+1))
			}
			q.WriteByte(')')
		}
		if _, err := tx.ExecContext(ctx, q.String(), args[:n*width]...); err != nil {
			return err
		}
		args = args[n*width:]
	}
	return nil
}
