"""
usage: inside.py SERVER

The first process of a server's namespaces, root there: two hosts, joined by a cable; the server's
recipe, step by step, as the ordinary user remap (see step); and its cells, as TAP lines and as rows of
the table. A cell is a door of the server, a port and its protocol, in one of these columns:

  high        a plain client on the actual port
  tree        a client in the tree on the asked port, where a plain one finds nothing
  redirected  a plain client of the other host on the asked port, after remap-redirect up
  says        what the server itself says of its port: the asked one, and never the actual one
  reload      high and tree again, after the server was told to begin anew

First, without the library, the server must be refused its port.

A row is a line of JSON behind "# row ". A column is "yes", "no" (a failure), "-" (there is no such
thing), or the reason why not, which the recipe knew.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

HOME = '/home/remap'
MATRIX = '/run/matrix'
COLUMNS = ('high', 'tree', 'redirected', 'says', 'reload')
USER = 1000
PATIENCE = 90  # seconds that a server may take to begin, or a step to be done
AS_USER = ['setpriv', '--reuid=remap', '--regid=remap', '--init-groups', '--inh-caps=-all', 'env', '-i',
           f'HOME={HOME}', f'PWD={HOME}', 'USER=remap', 'LOGNAME=remap', 'LC_ALL=C.UTF-8',
           'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']
PLAIN = ['env']
ENGAGED = {'preload': ['env', f'LD_PRELOAD={HOME}/libremap.so'], 'notify': [f'{HOME}/remap', 'run', '-q', '--']}


def run(*words, check=True):
    """Its status, and what it prints, errors too, within the time that a step has."""
    return subprocess.run(['timeout', '-k', '5', str(PATIENCE), *words], check=check, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')


def eventually(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def keep_syslog():
    """What programs tell syslog is in the file syslog, beside the server's."""
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind('/dev/log')
    os.chmod('/dev/log', 0o666)

    def keep():
        while True:
            line = log.recv(65536)
            with open(f'{HOME}/syslog', 'ab') as file:
                file.write(line.rstrip(b'\0\n') + b'\n')
    threading.Thread(target=keep, daemon=True).start()


class Cable:
    """Two hosts: this network namespace is 192.0.2.1 and 2001:db8::1, another is 192.0.2.2 and 2001:db8::2."""

    def __init__(self):
        self.holder = subprocess.Popen(['unshare', '--net', 'sleep', 'infinity'])
        mine = os.readlink('/proc/self/ns/net')
        eventually(lambda: os.readlink(f'/proc/{self.holder.pid}/ns/net') != mine)
        self.there = ['nsenter', f'--net=/proc/{self.holder.pid}/ns/net']
        run('ip', 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable0', 'netns', str(self.holder.pid))
        for end, where, device in ((1, [], 'cable'), (2, self.there, 'cable0')):
            run(*where, 'ip', 'addr', 'add', f'192.0.2.{end}/24', 'dev', device)
            run(*where, 'ip', 'addr', 'add', f'2001:db8::{end}/64', 'dev', device, 'nodad')
            # No address but these: one of the link itself would come a second later.
            run(*where, 'ip', 'link', 'set', device, 'addrgenmode', 'none')
            for link in ('lo', device):
                run(*where, 'ip', 'link', 'set', link, 'up')

    @staticmethod
    def address(host):
        """What the other host calls this one, for an address that is so called here."""
        return '2001:db8::1' if ':' in host else '192.0.2.1'


class Door:
    def __init__(self, line):
        self.name, self.answer = line.split(None, 1)
        self.asked = int(self.name.split('/')[0])
        # By the table when none is given; ports from 1024 up are left alone.
        self.actual = self.asked + 8000 if self.asked < 1024 else self.asked


class Recipe:
    def __init__(self, server):
        self.server = server
        words = self.step('describe').stdout.split('\0')
        for name, value in zip(words[0::2], words[1::2]):
            setattr(self, name, value.strip())
        self.doors = [Door(line) for line in self.doors.splitlines()]
        self.hosts = self.hosts.split()
        self.cannot = {tuple(line.split(None, 2)[:2]): line.split(None, 2)[2] for line in self.cannot.splitlines()}
        self.engaged = ENGAGED[self.engine]

    def words(self, verb, *arguments, prefix=()):
        return AS_USER + ['sh', f'{MATRIX}/step', self.server, verb, *arguments, '--', *prefix]

    def step(self, verb, *arguments, prefix=(), where=()):
        return run(*where, *self.words(verb, *arguments, prefix=prefix), check=False)

    def logs(self):
        return self.step('logs').stdout

    def begin(self, prefix):
        """A fresh folder, and the server in it; which has the process that was started."""
        subprocess.run(['umount', '-l', HOME], stderr=subprocess.DEVNULL)
        run('mount', '-t', 'tmpfs', '-o', f'mode=755,uid={USER},gid={USER}', 'tmpfs', HOME)
        run(*AS_USER, 'cp', '-R', f'{MATRIX}/{self.server}/.', f'{MATRIX}/libremap.so', f'{MATRIX}/remap', HOME)
        done = self.step('prepare')
        if done.returncode != 0:
            raise RuntimeError(f'it is not prepared: {done.stdout}')
        with open(f'{HOME}/log', 'wb') as log:
            return subprocess.Popen(self.words('start', prefix=prefix), cwd=HOME, stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, start_new_session=True)

    def end(self, spared):
        """The server, and all that came of it."""
        for name in os.listdir('/proc'):
            if name.isdigit() and int(name) not in (1, os.getpid(), spared):
                try:
                    os.kill(int(name), signal.SIGKILL)
                except ProcessLookupError:
                    pass


class Matrix:
    def __init__(self, recipe, cable):
        self.recipe, self.cable = recipe, cable
        self.rows = {door.name: dict.fromkeys(COLUMNS, '-') for door in recipe.doors}
        self.answers = {door.name: '' for door in recipe.doors}

    def report(self, good, what, *details):
        print('ok -' if good else 'not ok -', self.recipe.server, what)
        if not good:
            for detail in details:
                for line in detail.splitlines()[-15:]:
                    print('#  ', line[:300])
        sys.stdout.flush()
        return good

    def answered(self, door, host, port, prefix, where=()):
        got = self.recipe.step('visit', door.name, host, str(port), prefix=prefix, where=where).stdout
        good = re.search(door.answer, got, re.MULTILINE) is not None
        if good:
            self.answers[door.name] += got
        return good, got

    def visit(self, door, port, prefix, outside=False):
        """Whether the door answers on all addresses, and what it said where it did not."""
        for host in self.recipe.hosts:
            there = (self.cable.address(host), self.cable.there) if outside else (host, ())
            good, got = self.answered(door, there[0], port, prefix, there[1])
            if not good:
                return False, f'on {there[0]}, where {door.answer} was expected: {got}'
        return True, ''

    def cell(self, column, door, attempt):
        """Fills one in. What the recipe knows not to work must not work."""
        good, got = attempt(door)
        if good is None:  # there is no such thing
            return
        reason = self.recipe.cannot.get((column, door.name))
        if reason:
            self.rows[door.name][column] = 'no' if good else reason
            self.report(not good, f'{door.name}: {column}: not, because: {reason}', 'it does:', got)
        else:
            self.rows[door.name][column] = 'yes' if good else 'no'
            self.report(good, f'{door.name}: {column}', 'got:', got, 'log:', self.recipe.logs())

    def high(self, door):
        return self.visit(door, door.actual, PLAIN)

    def tree(self, door):
        """In the tree alone: without it, there must be nothing on a port that was asked for and moved."""
        if door.asked != door.actual:
            for host in self.recipe.hosts:
                good, got = self.answered(door, host, door.asked, PLAIN)
                if good:
                    return False, f'a plain client finds the server on port {door.asked}: {got}'
        return self.visit(door, door.asked, self.recipe.engaged)

    def redirected(self, door):
        return self.visit(door, door.asked, PLAIN, outside=True)

    def says(self, door):
        with open(f'{HOME}/answers', 'w') as file:
            file.write(self.answers[door.name])
        said = self.recipe.step('said', door.name, self.recipe.hosts[0], str(door.asked)).stdout
        if said == '-\n':
            return None, said
        wanted = re.sub(r'\bPORT\b', str(door.asked), self.recipe.says)
        lies = door.asked != door.actual and re.search(rf'\b{door.actual}\b', said)
        return re.search(wanted, said, re.MULTILINE) is not None and not lies, f'where {wanted} was expected, it says: {said}'

    def says_in_log(self, prefix, wanted, what):
        """Starts the server so, and has what it says, which is wanted."""
        server = self.recipe.begin(prefix)
        said = lambda: wanted and re.search(wanted, self.recipe.logs())
        eventually(lambda: said() or server.poll() is not None)
        message = said()
        self.report(message, what, f'expected: {wanted}', 'log:', self.recipe.logs())
        return message

    def is_refused(self):
        """Without the library: this is what the project is for."""
        self.says_in_log(PLAIN, self.recipe.refused, 'is refused its port without the library')
        self.recipe.end(self.cable.holder.pid)

    def does_not_work(self):
        message = self.says_in_log(self.recipe.engaged, self.recipe.stops, 'does not work, and says why')
        for door in self.recipe.doors:
            good, got = self.high(door)
            self.rows[door.name]['high'] = 'no' if good or not message else message.group(0)
            self.report(not good, f'{door.name}: nobody answers', got)

    def works(self):
        recipe, doors = self.recipe, self.recipe.doors
        recipe.begin(recipe.engaged)
        for door in doors:
            eventually(lambda door=door: self.answered(door, recipe.hosts[0], door.actual, PLAIN)[0])
        for door in doors:
            self.cell('high', door, self.high)
            self.cell('tree', door, self.tree)
        self.redirect('up', *(['--owner', recipe.owner] if recipe.owner else []))
        for door in doors:
            self.cell('redirected', door, self.redirected)
        self.redirect('down')
        if recipe.says:
            for door in doors:
                self.cell('says', door, self.says)
        self.reload()

    def redirect(self, verb, *options):
        done = run('sh', f'{MATRIX}/remap-redirect', verb, *options, check=False)
        self.report(done.returncode == 0, f'remap-redirect {verb}', done.stdout)

    def reload(self):
        done = self.recipe.step('reload', prefix=self.recipe.engaged)
        if done.returncode == 64:  # there is no such step
            return

        def reloaded(door):
            if done.returncode != 0:
                return False, f'reload ended with status {done.returncode}: {done.stdout}'
            good, got = self.high(door)
            return self.tree(door) if good else (good, got)
        for door in self.recipe.doors:
            self.cell('reload', door, reloaded)


def version(package):
    if package.startswith('npm:'):
        with open(f'/node_modules/{package[4:]}/package.json') as file:
            return json.load(file)['version']
    if os.path.exists(f'/apart/{package}.version'):
        with open(f'/apart/{package}.version') as file:
            full = file.read().strip()
    else:
        full = run('dpkg-query', '-W', '-f', '${Version}', package).stdout
    # As its authors count, without what Debian adds.
    return re.sub(r'^\d+:|[-+~].*$', '', re.sub(r'^.*\+really', '', full))


def work(server):
    keep_syslog()
    cable = Cable()
    matrix = Matrix(Recipe(server), cable)
    recipe = matrix.recipe
    if recipe.refused or any(door.asked < 1024 for door in recipe.doors):
        matrix.is_refused()
    if recipe.stops:
        matrix.does_not_work()
    else:
        matrix.works()
    for door in recipe.doors:
        print('# row', json.dumps({'server': server, 'version': version(recipe.package), 'door': door.name, 'engine': recipe.engine,
                                   'config': recipe.config, 'stops': bool(recipe.stops), **matrix.rows[door.name]}))


def main():
    # The first process reaps what its own children leave behind.
    worker = os.fork()
    if worker == 0:
        work(sys.argv[1])
        sys.stdout.flush()
        os._exit(0)
    while True:
        pid, status = os.wait()
        if pid == worker:
            return os.waitstatus_to_exitcode(status)


sys.exit(main())
