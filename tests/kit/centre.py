"""A centre of a test's own: the real vouchd on a free port of this machine.

    with centre.Centre(BIN) as world:
        app = subprocess.run([..., world.address, world.code("Ann")])
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading

DEADLINE_S = 60


class Centre:
    def __init__(self, binaries):
        self.bin = pathlib.Path(binaries).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vouch."))
        self.data = self.folder / "centre"
        self.server = subprocess.Popen(
            [self.bin / "vouchd", "serve", "--data", self.data,
             "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE)
        said = []
        for line in self.server.stderr:
            said.append(line.decode())
            found = re.search(r" serving address=(\S+)", said[-1])
            if found:
                self.address = found[1]
                break
        else:
            raise AssertionError("vouchd did not start: " + "".join(said))
        # Read on, or the pipe would fill and the server wait for it.
        threading.Thread(target=self.server.stderr.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(DEADLINE_S)
        self.server.stderr.close()
        shutil.rmtree(self.folder)

    def code(self, name, role="assessor"):
        made = subprocess.run(
            [self.bin / "vouchd", "code", "new", "--data", self.data,
             "--role", role, "--name", name], capture_output=True, check=True,
            text=True, timeout=DEADLINE_S)
        return made.stdout.strip()

    def store(self, name):
        return self.folder / name

    def vouch(self, store, *arguments):
        """What `vouch` prints of a store; raises if it fails."""
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("VOUCH_")}
        done = subprocess.run(
            [self.bin / "vouch", "--store", self.store(store), *arguments],
            capture_output=True, text=True, timeout=DEADLINE_S,
            env=environment)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stderr}")
        return done.stdout
