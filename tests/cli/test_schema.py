"""The schema is printed, and compared with the committed one."""

from __future__ import annotations

from together.api.schema import printed


def test_the_schema_is_printed(together):
    """`together schema` prints the schema and nothing else."""
    assert together("schema") == (0, printed(), "")


def test_a_committed_schema_that_is_right_is_called_so(together, tmp_path):
    """`--check` without a file looks at schema.graphql in this folder."""
    (tmp_path / "schema.graphql").write_text(printed())
    assert together("schema", "--check") == (0, "schema.graphql is what the code says.\n", "")


def test_a_schema_that_differs_is_shown_with_how_to_renew_it(together, tmp_path):
    """What differs goes to standard error, and the code is 1."""
    (tmp_path / "old.graphql").write_text(printed() + "\ntype Forgotten {\n  x: Int\n}\n")
    code, out, err = together("schema", "--check", "old.graphql")
    assert (code, out) == (1, "")
    assert "-type Forgotten {" in err
    assert err.endswith(
        "together: old.graphql is not what the code says. Renew it with `together schema > "
        "old.graphql`.\n"
    )


def test_a_schema_that_is_missing_is_said(together):
    """Without a file there is nothing to compare with, and it is said how to make it."""
    assert together("schema", "--check") == (
        1,
        "",
        "together: schema.graphql cannot be read. Make it with `together schema > "
        "schema.graphql`.\n",
    )
