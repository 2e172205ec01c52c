module droits.example/droits/tools/geo

go 1.26.0
