package proofs

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync/atomic"
)

// A driver whose query yields two rows and then loses its connection, or sleeps until its context ends.
type fake struct {
	opened atomic.Int32
	slow   chan struct{} // closed: queries return; nil: they return at once
}

var errLost = errors.New("connection lost")

func (f *fake) Connect(context.Context) (driver.Conn, error) { f.opened.Add(1); return conn{f}, nil }
func (f *fake) Driver() driver.Driver                        { return nil }

type conn struct{ f *fake }

func (conn) Prepare(string) (driver.Stmt, error) { return nil, errors.New("not used") }
func (conn) Close() error                        { return nil }
func (conn) Begin() (driver.Tx, error)           { return nil, errors.New("not used") }

func (c conn) QueryContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Rows, error) {
	if c.f.slow != nil {
		select {
		case <-c.f.slow:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &rows{}, nil
}

type rows struct{ sent int }

func (*rows) Columns() []string { return []string{"id"} }
func (*rows) Close() error      { return nil }
func (r *rows) Next(dest []driver.Value) error {
	r.sent++
	if r.sent > 3 {
		return io.EOF
	}
	if r.sent == 3 {
		return errLost
	}
	dest[0] = int64(r.sent)
	return nil
}

func open(f *fake) *sql.DB { return sql.OpenDB(f) }
