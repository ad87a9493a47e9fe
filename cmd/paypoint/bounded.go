package main

import linked "container/list"

// bounded is a table with a most number of rows: whoever calls under ever new
// names fills no memory by it. When it is full, the row that was asked for the
// longest ago makes room. Its user guards it with a lock.
type bounded[K comparable, V any] struct {
	most  int
	rows  map[K]*linked.Element
	order *linked.List // of *boundedRow, the latest in front
}

type boundedRow[K comparable, V any] struct {
	key   K
	value V
}

func newBounded[K comparable, V any](most int) *bounded[K, V] {
	return &bounded[K, V]{most: most, rows: map[K]*linked.Element{}, order: linked.New()}
}

// find is a row's value, which can be changed there; nil when there is none.
func (b *bounded[K, V]) find(key K) *V {
	at, known := b.rows[key]
	if !known {
		return nil
	}
	b.order.MoveToFront(at)
	return &at.Value.(*boundedRow[K, V]).value
}

// make is a row's value, made by its zero value where there is none.
func (b *bounded[K, V]) make(key K) *V {
	if value := b.find(key); value != nil {
		return value
	}
	if b.order.Len() >= b.most {
		oldest := b.order.Back()
		delete(b.rows, b.order.Remove(oldest).(*boundedRow[K, V]).key)
	}
	row := &boundedRow[K, V]{key: key}
	b.rows[key] = b.order.PushFront(row)
	return &row.value
}

// each goes through all rows, the latest first.
func (b *bounded[K, V]) each(visit func(K, *V)) {
	for at := b.order.Front(); at != nil; at = at.Next() {
		row := at.Value.(*boundedRow[K, V])
		visit(row.key, &row.value)
	}
}
