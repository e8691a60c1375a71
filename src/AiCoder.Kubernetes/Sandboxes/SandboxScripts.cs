using System.Globalization;
using System.Text;
using AiCoder.Core.Sandbox;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>What the shell of an image is told. POSIX only: it is dash, bash or busybox.</summary>
internal static class SandboxScripts
{
    /// <summary>Where the pod's first process and we leave each other notes; a command that forges one harms only its own task.</summary>
    public const string Control = "/run/aicoder";

    /// <summary>How often the first process looks whether it is still needed, in rounds of a second.</summary>
    private const int RoundsBetweenLooks = 15;

    // By then we have ended a command and said how long the pod is to wait for the next; if not, there is nobody any more.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);

    // Tools whose images keep their caches where only root may write.
    private static readonly (string Name, string Value)[] Homes =
    [
        ("GOPATH", "$HOME/go"), ("CARGO_HOME", "$HOME/.cargo"), ("MAVEN_CONFIG", "$HOME/.m2"), ("GRADLE_USER_HOME", "$HOME/.gradle"),
        ("GEM_HOME", "$HOME/.gem"), ("BUNDLE_APP_CONFIG", "$HOME/.bundle"), ("COMPOSER_HOME", "$HOME/.composer"),
    ];

    /// <summary>
    /// Makes the first process one that no other process of its user can trace or write to: the kernel keeps that from programs that
    /// their user may not read. Such a process would be the only one that outlives its command. Where the image or the volume does not
    /// let us, it stays as it is.
    /// </summary>
    /// <remarks><c>sh -c … sh SCRIPT FURTHER-ARGUMENTS</c></remarks>
    public const string Shielded = """
        cp /bin/sh /tmp/sh && chmod 111 /tmp/sh && /tmp/sh -c : && exec /tmp/sh -c "$@"
        exec /bin/sh -c "$@"
        """;

    /// <summary>
    /// The pod's first process. It ends what forks without end, and the pod when no command came for long: then the service is gone
    /// or forgot it. It takes no signal from inside, and what ends while it waits for its pause, it reaps.
    /// </summary>
    /// <remarks><c>sh -c … sh IDLE-SECONDS MOST-PROCESSES</c></remarks>
    public static readonly string Keeper = string.Create(CultureInfo.InvariantCulture, $$"""
        most=$2
        until=$(($(date +%s) + $1))
        rounds=0
        rm -f /tmp/sh
        : > {{Control}}/begun
        while :; do
          sleep 1
          set -- /proc/[0-9]*
          if [ $# -gt "$most" ]; then
            echo processes > {{Control}}/note
            kill -9 -1
          fi
          rounds=$((rounds + 1))
          [ $rounds -lt {{RoundsBetweenLooks}} ] && continue
          rounds=0
          [ -s {{Control}}/until ] && read -r until < {{Control}}/until
          [ "$until" -gt "$(date +%s)" ] || exit 0
        done
        """);

    /// <summary>
    /// Runs the script that comes by standard input: what stands in an exec's own command is part of an address, which servers
    /// bound and write to their logs.
    /// </summary>
    public static IReadOnlyList<string> Loader(int bytes) =>
        ["/bin/sh", "-c", "eval \"$(head -c \"$1\")\"", "sh", bytes.ToString(CultureInfo.InvariantCulture)];

    /// <summary>
    /// Ends all that runs but the first process, and waits for it: a signal to everybody misses nobody, not even who forks. What
    /// it finds still there, a pause of the first process among it, it signals until it is gone. The folders for temporary files are
    /// named whole, since as a list what is in them may be too long: of themselves only their emptiness can come. Then it says how the
    /// pod is: a note of the first process, and how often memory ran out.
    /// </summary>
    public static string Clean(TimeSpan idle) => string.Create(CultureInfo.InvariantCulture, $$"""
        kill -9 -1 2>/dev/null
        for d in /proc/[0-9]*; do
          p=${d#/proc/}
          [ "$p" = 1 ] || [ "$p" = $$ ] || while kill -9 "$p" 2>/dev/null; do :; done
        done
        chmod -R u+rwx /tmp /dev/shm 2>/dev/null
        rm -rf /tmp /dev/shm 2>/dev/null
        echo $(($(date +%s) + {{(long)idle.TotalSeconds}})) > {{Control}}/until
        echo "note $(cat {{Control}}/note 2>/dev/null)"
        rm -f {{Control}}/note
        echo "memory $(sed -n 's/^oom_kill //p' /sys/fs/cgroup/memory.events 2>/dev/null)"
        """);

    /// <summary>
    /// Stops all that runs but the first process, which only waits then, and says twice what each thread is at: <see cref="PodThreads"/>
    /// reads it.
    /// </summary>
    public const string Halt = """
        echo "self $$"
        for look in 1 2; do
          kill -STOP -1 2>/dev/null
          echo look
          grep -hE '^(Tgid|Pid|PPid|State|voluntary_ctxt_switches|nonvoluntary_ctxt_switches):' /proc/[0-9]*/task/[0-9]*/status 2>/dev/null
        done
        echo end
        """;

    /// <summary>Lets all that was stopped go on.</summary>
    public const string Continue = "kill -CONT -1 2>/dev/null; true";

    /// <summary>Tries to reach the API server, which every pod knows and a sandbox without network must not reach.</summary>
    public const string Reach = """
        h=$KUBERNETES_SERVICE_HOST
        p=$KUBERNETES_SERVICE_PORT
        reach() {
          if command -v bash && command -v timeout; then timeout 3 bash -c ": < /dev/tcp/$h/$p"
          elif command -v python3; then python3 -c "import socket; socket.create_connection(('$h', $p), 3)"
          elif command -v node; then node -e "const s = require('net').connect($p, '$h'); s.setTimeout(3000, () => process.exit(1)); s.on('error', () => process.exit(1)); s.on('connect', () => process.exit(0))"
          elif command -v nc; then nc -z -w 3 "$h" "$p"
          else return 9; fi
        }
        [ -n "$h" ] || { echo unknown; exit 0; }
        reach > /dev/null 2>&1
        case $? in 0) echo open;; 9) echo unknown;; *) echo closed;; esac
        """;

    /// <summary>A command, in the place, environment and limits that every sandbox gives it.</summary>
    /// <param name="command">The command.</param>
    /// <param name="directory">Where in the work tree.</param>
    public static string Command(SandboxCommand command, string directory)
    {
        var script = new StringBuilder();
        // Before, the first process is not what it is to be.
        script.Append(CultureInfo.InvariantCulture, $"while ! [ -e {Control}/begun ]; do sleep 1; done\n");
        script.Append(CultureInfo.InvariantCulture, $"echo $(($(date +%s) + {(long)(command.Timeout + Margin).TotalSeconds})) > {Control}/until\n");
        script.Append(CultureInfo.InvariantCulture, $"cd {Quote(directory == "." ? BubblewrapSandbox.WorkTree : $"{BubblewrapSandbox.WorkTree}/{directory}")} || exit 1\n");
        // Kubernetes tells every container where its API server is.
        script.Append("unset $(env | sed -n 's/^\\(KUBERNETES_[A-Z0-9_]*\\)=.*/\\1/p')\n");
        foreach (var (name, value) in SandboxEnvironment.For(command, Image, BubblewrapSandbox.Home, "/tmp").Where(variable => variable.Key != "PATH"))
            script.Append(CultureInfo.InvariantCulture, $"export {name}={Quote(value)}\n");
        foreach (var (name, value) in Homes.Where(home => !command.Environment.ContainsKey(home.Name)))
            script.Append(CultureInfo.InvariantCulture, $"export {name}=\"{value}\"\n");
        script.Append("export PATH=\"$HOME/.local/bin:$PATH:$HOME/.gem/bin\"\n");
        // Where memory runs out, the kernel is to end the command and not the first process.
        script.Append("{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null\n");
        script.Append("ulimit -c 0 2>/dev/null\nulimit -f 16777216 2>/dev/null\n");
        // What the command left in the background holds the output open, and without its end an exec has none. Of itself this shell
        // says nothing (dash does, of a child that a signal ended).
        script.Append("exec 3>&2 2>/dev/null\n").AppendJoin(' ', command.Arguments.Select(Quote));
        script.Append(command.StandardInput is null ? " </dev/null" : "").Append(command.StandardOutput is null ? " 2>&1 3>&-\n" : " 2>&3 3>&-\n");
        script.Append("code=$?\nkill -9 -1\nexit $code");
        return script.ToString();
    }

    // The image brings its own PATH.
    private static HostToolchains Image { get; } = new() { Path = [], Roots = [] };

    private static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
