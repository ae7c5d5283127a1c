"""The fence of webhooks: addresses and URLs that it refuses, and those that it allows."""

import pytest

from services.webhooks.addresses import Fence, RefusedAddressError, is_public

PRIVATE_ADDRESSES = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.254"),  # noqa: S104
    *("127.0.0.1", "127.1.2.3", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254"),
    *("169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1"),
    *("192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "::ffff:0:1.2.3.4"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:5ef5:79fd::1"),
    *("2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3ffe::1", "3fff::1"),
    *("5f00::1", "fc00::1", "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    *("ff0e::1", "4000::1"),
]  # fmt: skip
PUBLIC_ADDRESSES = ["1.1.1.1", "8.8.8.8", "99.255.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"]  # fmt: skip

REFUSED_URLS = {
    "http://example.com/": "Must begin with `https://`.",
    "ftp://example.com/": "Must begin with `https://`.",
    "file:///etc/passwd": "Must begin with `https://`.",
    "example.com/hooks": "Must begin with `https://`.",
    "https://": "Must have a host name",
    "https:///path": "Must have a host name",
    "https://user:pass@example.com/": "Must not contain a user name",
    "https://user@example.com/": "Must not contain a user name",
    "https://example.com@127.0.0.1/": "Must not contain a user name",
    "https://example.com/#part": "Must not have a fragment",
    "https://example.com:22/": "Must use the port 443 or 8443, not 22.",
    "https://example.com:8080/": "Must use the port 443 or 8443, not 8080.",
    "https://example.com:5432/": "Must use the port 443 or 8443, not 5432.",
    "https://example.com:0/": "Must have a valid port",
    "https://example.com:/": "Must have a valid port",
    "https://example.com:99999/": "Must be a URL such as",
    "https://example.com\\@127.0.0.1/": "Must be a URL of visible ASCII",
    "https://exam ple.com/": "Must be a URL of visible ASCII",
    "https://example.com/\n": "Must be a URL of visible ASCII",
    "https://ex\tample.com/": "Must be a URL of visible ASCII",
    "https://éxample.com/": "Must be a URL of visible ASCII",
    "https://①②⑦.0.0.1/": "Must be a URL of visible ASCII",
    "https://localhost/": "Must have the name of a public host",
    "https://api.localhost/": "Must have the name of a public host",
    "https://printer.local/": "Must have the name of a public host",
    "https://metadata.google.internal/": "Must have the name of a public host",
    "https://metadata/": "Must have the name of a public host",
    "https://example.com./": "Must have a host name",
    "https://-a.example.com/": "Must have a host name",
    "https://a..example.com/": "Must have a host name",
    "https://127.0.0.1%2fexample.com/": "Must have a host name",
    "https://2130706433/": "Must have an IPv4 address of four decimal numbers",
    "https://0x7f000001/": "Must have an IPv4 address of four decimal numbers",
    "https://0x7f.0.0.1/": "Must have an IPv4 address of four decimal numbers",
    "https://0177.0.0.1/": "Must have an IPv4 address of four decimal numbers",
    "https://127.1/": "Must have an IPv4 address of four decimal numbers",
    "https://127.0.1/": "Must have an IPv4 address of four decimal numbers",
    "https://1.2.3.0x4/": "Must have an IPv4 address of four decimal numbers",
    "https://00000177.1/": "Must have an IPv4 address of four decimal numbers",
    "https://256.1.1.1/": "Must have an IPv4 address of four decimal numbers",
    "https://[::1/": "Must be a URL such as",
    "https://[127.0.0.1]/": "Must",
    "https://[v1.a]/": "Must",
    "https://[fe80::1%25eth0]/": "Must have an IPv6 address without a zone",
    "https://example.com/" + "a" * 2048: "Must have at most 2,048 characters, but has 2,068.",
}


@pytest.mark.parametrize("address", PRIVATE_ADDRESSES)
def test_addresses_outside_of_the_public_internet_are_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(RefusedAddressError, match="is not an address of the public internet"):
        Fence().check_address(address)
    Fence(allow_private=True).check_address(address)


def test_the_tests_cover_sixty_addresses() -> None:
    assert len(set(PRIVATE_ADDRESSES)) >= 60


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_addresses_of_the_public_internet_are_allowed(address: str) -> None:
    Fence().check_address(address)
    host = f"[{address}]" if ":" in address else address
    Fence().check_url(f"https://{host}/hooks")


@pytest.mark.parametrize("address", [each for each in PRIVATE_ADDRESSES if "%" not in each])
def test_urls_with_such_addresses_are_refused(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(RefusedAddressError, match="is not an address of the public internet"):
        Fence().check_url(f"https://{host}/")


@pytest.mark.parametrize(
    "text", ["", "example.com", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "1.2.3.4/8"]
)
def test_texts_in_other_forms_are_no_public_addresses(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(("url", "reason"), REFUSED_URLS.items())
def test_urls_are_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(RefusedAddressError) as refused:
        Fence().check_url(url)
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "https://example.com:443/a?b=c&d=%20", "https://xn--e1afmkfd.example:8443/x"],
)
def test_urls_of_public_hosts_are_allowed(url: str) -> None:
    Fence().check_url(url)


def test_the_setting_for_development_keeps_the_rules_about_the_form() -> None:
    fence = Fence(allow_private=True)
    for url in ("http://127.0.0.1:9/", "http://localhost:8000/hooks", "http://[::1]:1234/", "https://db/"):
        fence.check_url(url)
    for url in (
        "ftp://127.0.0.1/",
        "http://a:b@localhost/",
        "http://localhost/#a",
        "http://0x7f.1/",
        "http://a:0/",
    ):
        with pytest.raises(RefusedAddressError):
            fence.check_url(url)
