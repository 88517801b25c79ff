"""A fresh Firefox profile for tests: our stand-in as its push service, nothing asked, and nothing beyond loopback."""

import json
from enum import Enum
from pathlib import Path


class Permission(Enum):
    """What Firefox says when a site wants to show notifications."""

    ALLOWED = "allowed before it asks"
    BLOCKED = "blocked"
    ASKS = "not asked yet"


DECISIONS = {Permission.ASKS: 0, Permission.ALLOWED: 1, Permission.BLOCKED: 2}

# Names are not resolved, and what would go out ends at a port where nobody listens.
NO_NETWORK: dict[str, object] = {
    "network.dns.disabled": True,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1, localhost",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.manage-offline-status": False,
    "network.prefetch-next": False,
    "network.http.speculative-parallel-limit": 0,
    "services.settings.server": "data:,#nobody/v1",
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.region.network.url": "",
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.usage.uploadEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "data:,",
}

NO_QUESTIONS: dict[str, object] = {
    "browser.aboutwelcome.enabled": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.tabs.warnOnClose": False,
    "browser.tabs.unloadOnLowMemory": False,
    "browser.toolbars.bookmarks.visibility": "never",
    "browser.newtabpage.enabled": False,
    "browser.translations.enable": False,
    "browser.warnOnQuit": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "signon.rememberSignons": False,
    "signon.management.page.breach-alerts.enabled": False,
    "startup.homepage_welcome_url": "about:blank",
    "termsofuse.bypassNotification": True,
    "toolkit.startup.max_resumed_crashes": -1,
}

# The set of preferences that Firefox recommends for remote control turns push off.
REMOTE_CONTROL: dict[str, object] = {
    "remote.prefs.recommended": False,
    "remote.active-protocols": 1,
    "dom.input_events.security.minNumTicks": 0,
    "dom.input_events.security.minTimeElapsedInMS": 0,
    "security.notification_enable_delay": 0,
}


def write(folder: Path, push_url: str, has_desktop: bool, permission: Permission, **more: object) -> None:
    """Into `folder`, which Firefox then starts with. A folder used before keeps what Firefox keeps there."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = NO_NETWORK | NO_QUESTIONS | REMOTE_CONTROL | _push(push_url)
    wanted["permissions.default.desktop-notification"] = DECISIONS[permission]
    wanted["alerts.useSystemBackend"] = has_desktop
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in (wanted | more).items()]
    (folder / "user.js").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _push(url: str) -> dict[str, object]:
    return {
        "dom.push.serverURL": url,
        "dom.push.testing.allowInsecureServerURL": True,
        "dom.push.connection.enabled": True,
        # It tries again after this long, then after twice as long, and so on, up to the interval of its pings.
        "dom.push.retryBaseInterval": 200,
        "dom.push.pingInterval": 1000,
    }
