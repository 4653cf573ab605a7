"""A process whose Python lacks what it lacks on Windows."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.processes import run_process

# The standard library is that of this platform: it is imported before anything is taken away.
PREAMBLE = dedent(
    """
    import asyncio, concurrent.futures, errno, importlib.abc, logging, multiprocessing.util, os
    import pathlib, random, select, shutil, signal, socket, stat, subprocess, sys, tempfile
    import threading, uuid

    for module, names in {
        os: "register_at_fork fork forkpty getuid geteuid getgid getegid getpgid getpgrp getsid"
        " getgroups initgroups setuid seteuid setgid setegid setreuid setregid setgroups setpgid"
        " setsid killpg chown lchown fchown fchmod chroot statvfs fstatvfs ST_NOEXEC mkfifo mknod"
        " nice uname getloadavg sysconf openpty ttyname sched_getaffinity",
        select: "poll epoll kqueue",
        signal: "SIGHUP SIGQUIT SIGKILL SIGALRM SIGCHLD SIGPIPE SIGUSR1 SIGUSR2 SIGCONT SIGSTOP"
        " SIGTSTP SIGWINCH alarm setitimer pause pthread_kill pthread_sigmask sigwait sigtimedwait",
        socket: "fromfd send_fds recv_fds",
    }.items():
        for name in names.split():
            vars(module).pop(name, None)

    MISSING = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}

    class Missing(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name in MISSING:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name in MISSING:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Missing())

    def not_for_sockets(function):
        def call(descriptor):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            return function(descriptor)
        return call

    os.dup, os.close = not_for_sockets(os.dup), not_for_sockets(os.close)
    """
)


def run_as_on_windows(program: str, *arguments: str, cwd: Path) -> str:
    """Run a program in such a process; give what it printed."""
    ended = run_process(
        [sys.executable, "-c", PREAMBLE + dedent(program), *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout
    return str(ended.stdout)
