"""template/shared/databases/mysql/database.md"""

from __future__ import annotations

from proves import proves


@proves("UPDATE assigns left to right")
def test_update_left_to_right(db):
    db.run("CREATE TABLE t (a INT, b INT)")
    db.run("INSERT INTO t VALUES (10, 1)")
    db.run("UPDATE t SET a = b, b = a")
    assert db.run("SELECT a, b FROM t") == ((1, 1),)


@proves("The default collation takes `A`, `a` and `á`")
def test_default_collation(db, error):
    db.run("CREATE TABLE t (code VARCHAR(20) UNIQUE) DEFAULT CHARSET utf8mb4")
    assert (
        db.value(
            "SELECT collation_name FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'code'"
        )
        == "utf8mb4_0900_ai_ci"
    )
    db.run("INSERT INTO t VALUES ('A')")
    assert [error(db.run, "INSERT INTO t VALUES (%s)", other) for other in ("a", "á")] == [1062, 1062]
    assert db.run("SELECT code FROM t WHERE code = 'Á'") == (("A",),)
    assert db.run("SELECT x, COUNT(*) FROM (SELECT 'cote' AS x UNION ALL SELECT 'Côté') AS y GROUP BY x") == (
        ("cote", 2),
    )


@proves("The default collation takes `A`, `a` and `á`")
def test_bin_pads(db):
    db.run("CREATE TABLE t (padded VARCHAR(9) COLLATE utf8mb4_bin, exact VARCHAR(9) COLLATE utf8mb4_0900_bin)")
    db.run("INSERT INTO t VALUES ('a', 'a')")
    assert db.run("SELECT padded = 'a ', exact = 'a ', padded = 'A', exact = 'A', exact = 'á' FROM t") == (
        (1, 0, 0, 0, 0),
    )
