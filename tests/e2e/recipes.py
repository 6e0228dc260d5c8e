"""The recipes of docs/ci.md: taken from the page, and carried out as those do who read such files.

    recipes.py names PAGE               the names of all blocks of code, each the second word behind its fence
    recipes.py block PAGE NAME          the text of one
    recipes.py github FILE              runs the jobs of a workflow in this folder, as GitHub's runner does
    recipes.py gitlab FILE              runs the jobs of a .gitlab-ci.yml, as GitLab's shell executor does
    recipes.py container FILE ARG=VALUE...
                                        carries out a Containerfile on this very system, of which /opt stands for the
                                        root of each stage; prints what needs root and is left out. Becomes its CMD

What the workflow's env or variables say is not taken where the environment says it already: LIBREMAP.
The status is that of the job.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys


def blocks(page):
    with open(page, encoding="utf-8") as file:
        return re.findall(r"^```(\w*) *(.*)\n((?s:.*?))^```$", file.read(), re.M)


def block(page, name):
    (text,) = [text for _, its_name, text in blocks(page) if its_name == name]
    return text


def load(file):
    import yaml

    with open(file, encoding="utf-8") as stream:
        return yaml.safe_load(stream)


def environment(variables, **more):
    return {**{name: str(value) for name, value in variables.items()}, **os.environ, **more}


def end_orphans(mark):
    """What carries the job's mark in its environment is ended when the job is: as GitHub's runner does."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if mark.encode() in file.read().split(b"\0") and int(pid) != os.getpid():
                    os.kill(int(pid), 15)
        except OSError:
            pass


def github(file):
    """Each step is a bash -e of its own, and what it leaves on its standard output is waited for."""
    status = 0
    for job in load(file)["jobs"].values():
        tracking = f"github_{os.getpid()}"
        env = environment(job.get("env", {}), RUNNER_TRACKING_ID=tracking, GITHUB_PATH=os.path.abspath("github-path"))
        for number, step in enumerate(job["steps"]):
            if "uses" in step:
                assert step["uses"].startswith("actions/checkout@") and set(step) == {"uses"}, step
                continue
            assert set(step) <= {"run", "if"} and step.get("if", "always()") == "always()", step
            if status != 0 and "if" not in step:
                continue
            with open(f"step-{number}.sh", "w", encoding="utf-8") as script:
                script.write(step["run"])
            open(env["GITHUB_PATH"], "a", encoding="utf-8").close()
            done = subprocess.run(
                ["bash", "-e", script.name], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
            )
            print(done.stdout, end="", flush=True)
            status = status or done.returncode
            with open(env["GITHUB_PATH"], encoding="utf-8") as added:
                env["PATH"] = ":".join([*reversed(added.read().split()), os.environ["PATH"]])
        end_orphans(f"RUNNER_TRACKING_ID={tracking}")
    return status


def gitlab(file):
    """before_script and script are one bash, behind a pipe; after_script is one of its own, whatever came of them."""
    status = 0
    for job in load(file).values():
        assert set(job) <= {"variables", "before_script", "script", "after_script"}, job
        env = environment(job.get("variables", {}))
        for number, lines in enumerate([job.get("before_script", []) + job["script"], job.get("after_script", [])]):
            script = "set -eo pipefail\nset +o noclobber\n: | eval " + shlex.quote("\n".join(lines)) + "\nexit 0\n"
            done = subprocess.run(["bash"], env=env, input=script, stdout=subprocess.PIPE, text=True)
            print(done.stdout, end="", flush=True)
            status = status or (done.returncode if number == 0 else 0)
    return status


def empty(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def container(file, *arguments):
    with open(file, encoding="utf-8") as stream:
        lines = [line.split(None, 1) for line in stream.read().replace("\\\n", " ").splitlines() if line.strip()]
    stages, stage, user, env = os.path.abspath("stages"), None, "0", dict(os.environ)
    for word, rest in lines:
        if word == "FROM":
            if stage:
                shutil.copytree("/opt", os.path.join(stages, stage), symlinks=True)
            empty("/opt")
            stage, env, user = (rest.split(" AS ") + ["final"])[1], dict(os.environ), "0"
        elif word == "ARG":
            env.update(argument.split("=", 1) for argument in arguments if argument.startswith(rest + "="))
        elif word == "ENV":
            env.update(setting.split("=", 1) for setting in shlex.split(rest))
        elif word == "USER":
            user = rest
        elif word == "RUN" and rest.startswith("apt-get update && apt-get install "):
            print(f"left out, root's: {rest}", flush=True)
        elif word == "RUN":
            subprocess.run(["/bin/sh", "-c", rest], env=env, cwd="/", check=True)
        elif word == "COPY":
            *options, source, target = rest.split()
            origins = [os.path.join(stages, option.split("=")[1]) for option in options]
            origin = origins[0] + source.removeprefix("/opt") if origins else source
            assert target.endswith("/")
            shutil.copy(origin, target)
        elif word == "CMD":
            command = json.loads(rest)
        else:
            assert word == "EXPOSE", word
    assert user.isdigit() and int(user) != 0, "not without root"
    print("left of the image:", *sorted(os.listdir("/opt")), flush=True)
    os.execve(command[0], command, env)


def main(verb, *arguments):
    if verb == "names":
        print(*[name or "nameless" for _, name, _ in blocks(*arguments)])
        return 0
    if verb == "block":
        print(block(*arguments), end="")
        return 0
    return {"github": github, "gitlab": gitlab, "container": container}[verb](*arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
