package web_test

import (
	"os"
	"testing"

	"droits.example/droits/internal/apptest"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }
