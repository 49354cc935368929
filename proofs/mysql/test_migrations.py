"""template/shared/databases/mysql/migrations.md"""

from __future__ import annotations

from proves import proves


@proves("DDL is not transactional")
def test_ddl_commits(connect):
    one = connect(autocommit=False)
    one.run("CREATE TABLE t (id INT)")
    one.run("INSERT INTO t VALUES (1)")
    one.run("ALTER TABLE t ADD v INT")
    one.rollback()
    assert connect().value("SELECT COUNT(*) FROM t") == 1
