module droits.example/droits/tools/requirements

go 1.26.0
