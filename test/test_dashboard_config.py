# Copyright 2026 The emotion_recognition authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Settings of the dashboard: ranges, addresses and tokens."""

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import TOKEN

from emotion_recognition.dashboard.config import DashboardConfig


def test_other_addresses_than_loopback_need_a_token():
    with pytest.raises(ValueError, match="needs a token"):
        DashboardConfig(host="0.0.0.0")
    with pytest.raises(ValueError, match="too weak"):
        DashboardConfig(host="0.0.0.0", token="short")
    config = DashboardConfig(host="0.0.0.0", token=TOKEN, allowed_hosts=("robot.lab",))
    assert config.knows_host("192.168.1.7")
    assert config.knows_host("robot.lab")
    assert not config.knows_host("evil.example")  # a name that was rebound to our address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_token(host: str):
    assert DashboardConfig(host=host).loopback


@pytest.mark.parametrize(
    ("setting", "value"),
    [("port", 70000), ("max_upload_mb", 0), ("preview_rate", 99.0), ("max_viewers", 0)],
)
def test_a_setting_out_of_its_range_is_named(setting: str, value: float):
    with pytest.raises(ValueError, match=f"{setting} is {value}; allowed"):
        DashboardConfig(**{setting: value})


def test_a_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from emotion_recognition.dashboard.config import TOKEN_VARIABLE, token_for

    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert token_for(None, "127.0.0.1") == ""
    assert len(token_for(None, "0.0.0.0")) >= 32
    assert token_for(None, "0.0.0.0") != token_for(None, "0.0.0.0")
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert token_for(tmp_path / "token", "0.0.0.0") == TOKEN
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    assert token_for(None, "127.0.0.1") == TOKEN
