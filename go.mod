module droits.example/droits

go 1.26.0
