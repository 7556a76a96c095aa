"""Which mark all tests of a folder, or of a file, bear."""

_NETWORK = (
    "ami/test_connection.py",
    "ami/test_panoramisk_unfit.py",
    "ami/test_pbx.py",
    "ami/test_resync.py",
    "ami/test_tally.py",
    "ami/test_tls.py",
    "auth/test_routes.py",
    "automation/test_sender.py",
    "contract/test_pbx.py",
    "contract/test_two_pbxs.py",
    "doctor/test_service.py",
    "faults",
    "http",
    "scenarios",
    "simulation/test_demo.py",
    "simulation/test_examined.py",
    "simulation/test_virtual_pbx.py",
    "store/test_crash.py",
    "telephony/test_fetching.py",
    "test_cli.py",
    "web",
)
PLACES = {"asterisk": "asterisk", "browser": "browser", **dict.fromkeys(_NETWORK, "network")}
