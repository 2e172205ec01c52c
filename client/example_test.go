package client_test

import (
	"context"
	"errors"
	"fmt"

	"droits.example/droits/client"
)

// One login, then the calls, within the life of the token. Every failure has a
// code; none is a reason to turn the person away.
func Example() {
	c, err := client.New(client.Config{BaseURL: "http://127.0.0.1:8080/v1/droits/beneficiaires", APIKey: "test_…"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	family, _, err := c.Beneficiaires(ctx, client.Query{Token: "…"})
	var problem *client.Problem
	switch {
	case errors.As(err, &problem) && problem.Code == "quota_depasse":
		fmt.Println("come back in", problem.RetryAfter)
		return
	case err != nil:
		fmt.Println("ask for the paper proof:", err)
		return
	}
	for _, b := range family {
		caisse, meta, err := c.Caisse(ctx, client.Query{Token: "…", NIR: b.NIR})
		if err == nil {
			fmt.Println(b.NIR, caisse.Libelle, "until", meta.Periode)
		}
	}
}
