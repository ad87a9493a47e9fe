package settlements_test

import (
	"testing"

	"paypoint/console/frame/frametest"
)

func TestEveryWordIsThereAndUsed(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, setup(t).area)
}
