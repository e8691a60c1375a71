#!/usr/bin/env python3
"""Measures what aicoder tells the model of a monorepo of 100,000 files: how long it takes, and the memory it takes.

Usage: bench/map.py [path of aicoder] [files] [runs]       (default artifacts/aicoder/aicoder, 100000, 3)

Standard library only. The repository is made of sources in six languages, one folder in twelve of them vendored. The time is the
analysis stage's, from the clone's end to the plan of a scripted model that answers at once; it holds the map, the request and the
answer. The memory is the process's own peak (VmHWM), when the first request arrives and when the task ends. Nothing here is a test:
figures depend on the machine and what else it does.
"""
import itertools, json, os, random, shutil, statistics, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
FILES = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
MAP_RUNS = int(sys.argv[3]) if len(sys.argv) > 3 else 3
import start

LANGUAGES = {
    "cs": "public sealed class {0}Service\n{{\n    public async Task<int> {1}Async(string name)\n    {{\n        return await _client.{2}Async(name);\n    }}\n}}\n",
    "py": "class {0}Store:\n    def {1}(self, name):\n        return self.client.{2}(name)\n\n\ndef make_{0}():\n    return {0}Store()\n",
    "ts": "export interface {0}Options {{ name: string }}\n\nexport class {0} {{\n  async {1}(name: string): Promise<number> {{\n    return this.client.{2}(name);\n  }}\n}}\n",
    "go": "package {0}\n\ntype {0} struct {{\n\tclient Client\n}}\n\nfunc (s *{0}) {1}(name string) error {{\n\treturn s.client.{2}(name)\n}}\n",
    "java": "public class {0}Controller {{\n    public int {1}(String name) {{\n        return client.{2}(name);\n    }}\n}}\n",
    "rs": "pub struct {0};\n\nimpl {0} {{\n    pub fn {1}(&self, name: &str) -> u8 {{\n        self.client.{2}(name)\n    }}\n}}\n",
}
WORDS = ["Payment", "Order", "User", "Invoice", "Report", "Session", "Gateway", "Cache", "Queue", "Search", "Upload", "Price", "Stock", "Audit", "Label", "Route"]


def sources(count):
    """Paths and contents, about 2 KB each, the same in every run."""
    dice = random.Random(1)
    for number in range(count):
        ending = list(LANGUAGES)[number % len(LANGUAGES)]
        folder = f"{'vendor' if number // 200 % 12 == 11 else 'packages'}/module{number // 200}/src/part{number // 20 % 10}"
        body = "".join(LANGUAGES[ending].format(dice.choice(WORDS) + dice.choice(WORDS), dice.choice(WORDS).lower() + dice.choice(WORDS), dice.choice(WORDS)) for _ in range(12))
        yield f"{folder}/{dice.choice(WORDS)}{number}.{ending}", body.encode()


def repository(path, files):
    """A bare repository with one commit, written as it is made: its stream is too long to hold."""
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", path], check=True, env=start.GIT)
    with subprocess.Popen(["git", "--git-dir", path, "fast-import", "--quiet"], stdin=subprocess.PIPE, env=start.GIT) as importing:
        importing.stdin.write(b"commit refs/heads/main\ncommitter b <b@example.com> 1767323045 +0000\ndata 1\nx\n")
        for name, content in files:
            importing.stdin.write(f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n")
    assert importing.returncode == 0


def peak(process):
    for line in open(f"/proc/{process}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0


class Model(start.Model):
    """The scripted model, which also looks at the process that asks it."""
    process, at_first, body = None, None, ""

    def do_POST(self):
        if Model.at_first is None:
            Model.at_first = peak(Model.process)
        super().do_POST()


def run(url, model, workspace, task):
    Model.at_first, start.Model.first_at = None, None
    environment = {"PATH": os.environ["PATH"], "HOME": workspace, "WORKSPACE_DIR": workspace, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model + "/v1",
                   "OPENAI_MODEL": "scripted", "DOTNET_ROOT": os.environ.get("DOTNET_ROOT") or os.path.dirname(os.path.realpath(shutil.which("dotnet")))}
    request = json.dumps({"task_id": task, "repo_url": url, "intent": "Payments are counted twice in the InvoiceGatewayService.", "validation": {"commands": ["true"], "baseline": False}})
    process = subprocess.Popen([start.AICODER, request], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    Model.process = process.pid
    output, last = b"", 0
    while process.poll() is None:
        try:
            last = max(last, peak(process.pid))
            process.wait(0.05)
        except (subprocess.TimeoutExpired, OSError):
            pass
    result = json.loads(process.stdout.read())
    assert result["status"] == "completed", result
    return {"map": result["timings"]["analyzing"], "coding": result["timings"]["coding"], "first": Model.at_first, "peak": last, "size": start.Model.first_size}


def main():
    folder = tempfile.mkdtemp(prefix="aicoder-bench-")
    try:
        mono = os.path.join(folder, "mono.git")
        repository(mono, itertools.chain([("README.md", b"# Mono\n"), ("a.txt", b"old\n")], sources(FILES)))
        model = start.start(Model)
        runs = [run(mono, model, os.path.join(folder, "work"), f"t{number}") for number in range(MAP_RUNS)]
        median = statistics.median
        print(f"aicoder {start.AICODER}, {FILES} files, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {MAP_RUNS}\n")
        for name, value, aim in [
            ("analysis: map, request, answer", f"{median(r['map'] for r in runs):.2f} s", "≤ 5 s"),
            ("coding of two turns, with its own map", f"{median(r['coding'] for r in runs):.2f} s", ""),
            ("first request body", f"{median(r['size'] for r in runs) / 1024:.1f} KB", ""),
            ("peak memory when the first request arrives", f"{median(r['first'] for r in runs):.0f} MB", "≤ 300 MB"),
            ("peak memory of the whole task", f"{median(r['peak'] for r in runs):.0f} MB", ""),
        ]:
            print(f"{name:45} {value:14} {aim}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
