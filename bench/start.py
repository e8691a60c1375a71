#!/usr/bin/env python3
"""Measures a published aicoder on a small two-turn task against a scripted model on loopback, and prints a table.

Usage: bench/start.py [path of aicoder] [runs]       (default artifacts/aicoder/aicoder, 7)

Standard library only. The git server is `git http-backend` behind Python's HTTP server. Nothing here is a test: figures depend on
the machine and what else it does, so compare them within one run.
"""
import http.server, json, os, shutil, sqlite3, statistics, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AICODER = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "artifacts/aicoder/aicoder"))
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 7
GIT = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null", GIT_AUTHOR_NAME="b", GIT_AUTHOR_EMAIL="b@example.com",
           GIT_COMMITTER_NAME="b", GIT_COMMITTER_EMAIL="b@example.com")


class Model(http.server.BaseHTTPRequestHandler):
    """Answers a plan, then one edit, then finish; remembers when the first request came and how large it was."""
    protocol_version = "HTTP/1.1"
    first_at, first_size = None, None

    def do_POST(self):
        arrived = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"])) if "Content-Length" in self.headers else self.chunks()
        if Model.first_at is None:
            Model.first_at, Model.first_size = arrived, len(body)
        request = json.loads(body)
        turn = sum(message["role"] == "assistant" for message in request["messages"])
        delta = {"role": "assistant", "content": json.dumps({"summary": "s", "files": ["a.txt"], "changes": ["c"], "tests": []})}
        if request.get("tools"):
            name, arguments = [("write_file", {"path": "a.txt", "content": "new\n"}), ("finish", {"summary": "done"})][min(turn, 1)]
            delta = {"role": "assistant", "tool_calls": [{"index": 0, "id": f"c{turn}", "type": "function",
                     "function": {"name": name, "arguments": json.dumps(arguments)}}]}
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
                  {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if "tool_calls" in delta else "stop"}]},
                  {"choices": [], "usage": usage}]
        data = "".join("data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "model": "scripted", **event}) + "\n\n"
                       for event in events) + "data: [DONE]\n\n"
        self.answer(200, "text/event-stream", data.encode())

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status, kind, data):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Git(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root = None

    def serve(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers["Content-Length"])) if "Content-Length" in self.headers else b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = Model.chunks(self)
        environment = dict(GIT, GIT_PROJECT_ROOT=Git.root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query, REMOTE_USER="b",
                           REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)),
                           GIT_PROTOCOL=self.headers.get("Git-Protocol", ""), HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""))
        output = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE).stdout
        head, _, data = output.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = serve

    def log_message(self, *_):
        pass


def start(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def repository(path, files):
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", path], check=True, env=GIT)
    stream = b"commit refs/heads/main\ncommitter b <b@example.com> 1767323045 +0000\ndata 1\nx\n"
    for name, content in files.items():
        stream += f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n"
    subprocess.run(["git", "--git-dir", path, "fast-import", "--quiet"], input=stream, check=True, env=GIT)


def tree_memory(root):
    """Resident memory of a process and its descendants, shared pages counted once (PSS), in MB."""
    children, total, wanted = {}, 0, {root}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            children.setdefault(int(open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
        except (OSError, IndexError):
            continue
    queue = [root]
    while queue:
        for child in children.get(queue.pop(), []):
            wanted.add(child)
            queue.append(child)
    for process in wanted:
        try:
            total += sum(int(line.split()[1]) for line in open(f"/proc/{process}/smaps_rollup") if line.startswith("Pss:"))
        except (OSError, ValueError):
            continue
    return total / 1024


def run(url, model, workspace, task, sample):
    Model.first_at = None
    environment = {"PATH": os.environ["PATH"], "HOME": workspace, "WORKSPACE_DIR": workspace, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model + "/v1",
                   "OPENAI_MODEL": "scripted", "DOTNET_ROOT": os.environ.get("DOTNET_ROOT") or os.path.dirname(os.path.realpath(shutil.which("dotnet")))}
    request = json.dumps({"task_id": task, "repo_url": url, "intent": "Write new into a.txt.", "validation": {"commands": ["true"], "baseline": False}})
    began, peak = time.monotonic(), 0
    process = subprocess.Popen([AICODER, request], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    # Sampling takes CPU from what is measured, so memory and time come from different runs.
    while sample and process.poll() is None:
        peak = max(peak, tree_memory(process.pid))
        time.sleep(0.02)
    result = json.loads(process.stdout.read())
    process.wait()
    assert result["status"] == "completed", result
    return {"first": Model.first_at - began, "total": time.monotonic() - began, "clone": result["timings"]["cloning"], "peak": peak}


def checkpoint(folder):
    """One fsynced transaction with the journal's settings (WAL, synchronous FULL), in ms: what the disk allows, not what the host adds."""
    database = sqlite3.connect(os.path.join(folder, "checkpoint.db"), isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE event(sequence INTEGER PRIMARY KEY, payload TEXT)")
    times = []
    for _ in range(200):
        began = time.monotonic()
        database.execute("INSERT INTO event(payload) VALUES (?)", ("x" * 2000,))
        times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def main():
    folder = tempfile.mkdtemp(prefix="aicoder-bench-")
    try:
        Git.root = os.path.join(folder, "served")
        os.makedirs(Git.root)
        repository(os.path.join(Git.root, "small.git"), {"a.txt": b"old\n", "README.md": b"# Small\n"})
        repository(os.path.join(Git.root, "large.git"), {f"d{i % 50}/f{i}.bin": os.urandom(8192) for i in range(5000)} | {"a.txt": b"old\n"})
        subprocess.run(["git", "-C", os.path.join(Git.root, "small.git"), "config", "http.receivepack", "true"], check=True)
        subprocess.run(["git", "-C", os.path.join(Git.root, "large.git"), "config", "http.receivepack", "true"], check=True)
        git, model = start(Git), start(Model)

        small, warm = git + "/small.git", os.path.join(folder, "small")
        run(small, model, warm, "warm-up", False)
        timed = [run(small, model, warm, f"t{i}", False) for i in range(RUNS)]
        sampled = [run(small, model, warm, f"m{i}", True) for i in range(3)]

        large, cold, second, plain = git + "/large.git", [], [], []
        for i in range(3):
            workspace = os.path.join(folder, f"large{i}")
            cold.append(run(large, model, workspace, f"c{i}", False)["clone"])
            second.append(run(large, model, workspace, f"s{i}", False)["clone"])
            began = time.monotonic()
            subprocess.run(["git", "clone", "-q", "--depth", "1", "--single-branch", large, os.path.join(folder, f"plain{i}")], check=True, env=GIT)
            plain.append(time.monotonic() - began)

        median = statistics.median
        print(f"aicoder {AICODER}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians\n")
        for name, value, aim in [
            ("process start → first model request", f"{median(r['first'] for r in timed):.2f} s", "≤ 0.5 s"),
            ("whole two-turn task", f"{median(r['total'] for r in timed):.2f} s", ""),
            ("peak memory of the process tree", f"{median(r['peak'] for r in sampled):.0f} MB", "≤ 100 MB"),
            ("first request body", f"{Model.first_size / 1024:.1f} KB", "≤ 10 KB"),
            ("cold clone, 5,000 files of 8 KB", f"{median(cold):.2f} s ({median(cold) / median(plain):.2f} × git)", "≤ 1.15 ×"),
            ("second clone of the same", f"{median(second):.2f} s ({median(second) / median(cold):.2f} × cold)", "≤ 0.3 ×"),
            ("one fsynced SQLite commit on this disk", f"{checkpoint(folder):.2f} ms", "≤ 3 ms"),
        ]:
            print(f"{name:38} {value:24} {aim}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
