package sheet

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// jsonBuffer collects rows before they are written, in bytes.
const jsonBuffer = 64 << 10

// objects writes an array of objects, one to a line.
type objects struct {
	out     *bufio.Writer
	columns []Column
	rows    int
	room    bytes.Buffer
	encoder *json.Encoder // into room
}

func newObjects(w io.Writer, columns []Column) *objects {
	o := &objects{out: bufio.NewWriterSize(w, jsonBuffer), columns: columns}
	o.encoder = json.NewEncoder(&o.room)
	// json.Marshal would write "&" as \u0026, and who looks for a text in the file
	// would not find it.
	o.encoder.SetEscapeHTML(false)
	return o
}

// row adds an object. The buffer keeps an error of the output for its next Flush.
func (o *objects) row(cells []any) error {
	separator := ",\n{"
	if o.rows == 0 {
		separator = "[\n{"
	}
	o.rows++
	_, _ = o.out.WriteString(separator)
	for i, cell := range cells {
		if i > 0 {
			_ = o.out.WriteByte(',')
		}
		if err := o.member(o.columns[i].Name, cell); err != nil {
			return err
		}
	}
	return o.out.WriteByte('}')
}

// member adds a name and its value.
func (o *objects) member(name string, value any) error {
	if err := o.value(name); err != nil {
		return err
	}
	_ = o.out.WriteByte(':')
	switch of := value.(type) {
	case date:
		value = of.Format(time.DateOnly)
	case time.Time:
		value = of.In(wib).Format(time.RFC3339)
	}
	return o.value(value)
}

// value adds a value without the line end that the encoder puts after it.
func (o *objects) value(v any) error {
	o.room.Reset()
	if err := o.encoder.Encode(v); err != nil {
		return fmt.Errorf("encode %T: %w", v, err)
	}
	_, err := o.out.Write(bytes.TrimSuffix(o.room.Bytes(), []byte("\n")))
	return err
}

// finish ends the array. There is no object of totals: a program that adds a
// member up would count it too.
func (o *objects) finish([]any) error {
	end := "\n]\n"
	if o.rows == 0 {
		end = "[]\n"
	}
	_, _ = o.out.WriteString(end)
	return o.out.Flush()
}

func (*objects) discard() {}
