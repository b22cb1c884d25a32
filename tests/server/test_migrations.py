"""The migrations build exactly the tables that the code works with."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, inspect, text

from server.storage import migrate


def test_from_nothing_to_today(database_url: str) -> None:
    """An empty database gets every table, column and index, and nothing else."""
    engine = create_engine(database_url)
    assert not migrate.state(engine).up_to_date
    migrate.upgrade(engine)
    assert migrate.state(engine).up_to_date
    assert migrate.differences(engine) == []
    engine.dispose()


def test_a_difference_would_be_found(database_url: str) -> None:
    """The comparison is not blind: a missing column is named."""
    engine = create_engine(database_url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE person DROP COLUMN title"))
    assert "title" in str(migrate.differences(engine))
    engine.dispose()


def test_once_more_changes_nothing(database_url: str) -> None:
    """Upgrading what is up to date keeps what people wrote."""
    engine = create_engine(database_url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO feed VALUES ('210902', '210902005', 7, '')"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT seq FROM feed")).scalar_one() == 7
    engine.dispose()


def test_several_servers_may_start_at_once(database_url: str) -> None:
    """They queue; whoever comes later finds the work done."""
    engines = [create_engine(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, engines))
    assert migrate.state(engines[0]).up_to_date
    assert "record" in inspect(engines[0]).get_table_names()
    for engine in engines:
        engine.dispose()
