"""On the tests' PYTHONPATH: Debian's tempest waits 10 s before every DELETE of a subnet (a patch for slow clouds), which
would be most of a run's time. Only that wait is left out."""
import sys
import time

_sleep = time.sleep


def sleep(seconds):
    if sys._getframe(1).f_globals.get("__name__") != "tempest.lib.services.network.subnets_client":
        _sleep(seconds)


time.sleep = sleep
