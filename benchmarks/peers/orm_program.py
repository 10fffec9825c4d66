"""Give each node of a graph a new version, with a commit for each node, and print how many seconds that took.

    python orm_program.py plain|continuum URL GRAPH

This runs in an environment of its own: it imports nothing of Relink.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, configure_mappers


class Base(DeclarativeBase):
    """The tables of this program."""


def plain(engine: sa.Engine, graph: list[list[int]]) -> float:
    """Insert a version and a row for each link."""

    class Version(Base):
        __tablename__ = "version"
        node = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
        number = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        name = sa.Column(sa.Text)

    class Link(Base):
        __tablename__ = "link"
        node = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
        number = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        place = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        target = sa.Column(sa.BigInteger)
        target_number = sa.Column(sa.Integer)

    Base.metadata.create_all(engine)

    def write(session: Session, node: int, number: int, moved: int) -> None:
        session.add(Version(node=node, number=number, name=f"p{node}"))
        session.add_all(
            Link(node=node, number=number, place=place, target=target, target_number=moved)
            for place, target in enumerate(graph[node])
        )

    with Session(engine) as session, session.begin():
        for node in range(len(graph)):
            write(session, node, 1, 1)
    began = time.perf_counter()
    with Session(engine) as session:
        session.execute(sa.text("SET synchronous_commit = off"))
        for node in range(len(graph)):
            old = session.get(Version, (node, 1))
            session.scalars(sa.select(Link).where(Link.node == node, Link.number == 1)).all()
            write(session, node, old.number + 1, 2)
            session.commit()
    return time.perf_counter() - began


def continuum(engine: sa.Engine, graph: list[list[int]]) -> float:
    """Change the link rows of a node; Continuum keeps their history."""
    from sqlalchemy_continuum import make_versioned  # noqa: PLC0415 - only this mode needs it

    make_versioned(user_cls=None)

    class Node(Base):
        __versioned__ = {}  # noqa: RUF012 - as Continuum wants it
        __tablename__ = "node"
        id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
        number = sa.Column(sa.Integer)

    class Link(Base):
        __versioned__ = {}  # noqa: RUF012 - as Continuum wants it
        __tablename__ = "link"
        node = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
        place = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        target = sa.Column(sa.BigInteger)
        target_number = sa.Column(sa.Integer)

    configure_mappers()
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        for node, depends in enumerate(graph):
            session.add(Node(id=node, number=1))
            session.add_all(
                Link(node=node, place=place, target=target, target_number=1) for place, target in enumerate(depends)
            )
    began = time.perf_counter()
    with Session(engine) as session:
        session.execute(sa.text("SET synchronous_commit = off"))
        for node in range(len(graph)):
            session.get(Node, node).number = 2
            for link in session.scalars(sa.select(Link).where(Link.node == node)):
                link.target_number = 2
            session.commit()
    return time.perf_counter() - began


def main(mode: str, url: str, file: str) -> None:
    """Print the seconds."""
    graph = [[int(target) for target in line.split()] for line in Path(file).read_text().split("\n")]
    engine = sa.create_engine(url)
    print({"plain": plain, "continuum": continuum}[mode](engine, graph))


if __name__ == "__main__":
    main(*sys.argv[1:])
