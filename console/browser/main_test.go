package browser_test

import (
	"testing"

	"paypoint/torture/play"
)

func TestMain(m *testing.M) { play.Main(m) }
