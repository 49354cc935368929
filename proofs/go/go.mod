module proofs

go 1.25
