"""The settings of the wizard, which `relink check` and every process read in the same way."""

from __future__ import annotations

import pytest

from app.settings import Settings, SettingsError


def test_origins_are_written_as_browsers_write_them() -> None:
    given = " https://App.example.com/  http://localhost:3000\nhttps://a.example:443 http://[::1]:8080 "
    settings = Settings.from_environment({"RELINK_WIZARD_ORIGINS": given})
    assert settings.wizard_origins == (
        "https://app.example.com",
        "http://localhost:3000",
        "https://a.example",
        "http://[::1]:8080",
    )
    assert Settings.from_environment({"RELINK_WIZARD_ORIGINS": " "}).wizard_origins == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "app.example.com",
        "https://a/path",
        "https://a?x",
        "https://a;script-src",
        "https://a,https://b",
        "https://*.a",
    ],
)
def test_an_invalid_origin_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"^RELINK_WIZARD_ORIGINS must be origins such as https://app.example.com"):
        Settings.from_environment({"RELINK_WIZARD_ORIGINS": f"https://good.example {wrong}"})


@pytest.mark.parametrize("wrong", ["https://a/b;c", "https://a/b,c", "https://a/'b'"])
def test_a_stylesheet_cannot_add_to_the_policy(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"^RELINK_WIZARD_STYLESHEET must have no semicolon"):
        Settings.from_environment({"RELINK_WIZARD_STYLESHEET": wrong})
