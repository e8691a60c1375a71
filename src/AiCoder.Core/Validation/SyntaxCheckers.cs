namespace AiCoder.Core.Validation;

/// <summary>
/// Which languages are parsed by a program in the sandbox, and how. All of them only parse: nothing of the files runs, and nothing is
/// left beside them.
/// </summary>
internal static class SyntaxCheckers
{
    /// <summary>The exit code of a checker that lacks what it needs; a shell's for a program that is not there.</summary>
    public const int NotThere = 127;

    /// <summary>Larger files are not checked, in bytes.</summary>
    public const int MaxLength = 4 << 20;

    // Broken on purpose, or not what the extension says before a program has filled it in.
    private static readonly string[] Exempt = ["fixtures", "__fixtures__", "testdata", "templates"];

    // Without the folder it starts in on its path (-I): a repository's own re.py must not be taken for the library's. Reading by
    // tokenize obeys the encoding that the file declares. What only nests too deep for the parser may be right all the same.
    private const string Python =
        """
        import sys, tokenize
        sys.stdout.reconfigure(errors='backslashreplace')
        bad = 0
        for path in sys.argv[1:]:
            try:
                with tokenize.open(path) as file:
                    compile(file.read(), path, 'exec', dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                bad = 1
                print(f'{path}:{getattr(error, "lineno", 0) or 0}: {error.__class__.__name__}: {getattr(error, "msg", error)}')
                print('    ' + (getattr(error, 'text', '') or '').rstrip())
            except (RecursionError, MemoryError):
                pass
        sys.exit(bad)
        """;

    // Python 3.11 and newer have a parser of it.
    private const string Toml =
        """
        import sys
        try:
            import tomllib
        except ImportError:
            sys.exit(127)
        bad = 0
        for path in sys.argv[1:]:
            try:
                with open(path, 'rb') as file:
                    tomllib.load(file)
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                bad = 1
                print(f'{path}: {error}')
            except RecursionError:
                pass
        sys.exit(bad)
        """;

    // Other shells' scripts often have the same extension.
    private const string Bash =
        """
        bad=0
        for file; do
          head -n 1 "$file" | grep -qE '^#!.*(zsh|fish|csh|ksh|expect)' || bash -n "$file" || bad=1
        done
        exit $bad
        """;

    // node takes one file at a time, and takes a file for CommonJS unless its name or package.json says otherwise; many repositories
    // say it to a bundler only, so only what is wrong in both readings counts. JSX, Flow and decorators are other grammars.
    private const string Node =
        """
        bad=0
        first=$TMPDIR/first.$$
        second=$TMPDIR/second.$$
        foreign() {
          grep -qE "Unexpected token '<'" "$1" || { grep -q "Invalid or unexpected token" "$1" && grep -qE '^[[:space:]]*@' "$1"; }
        }
        for file; do
          grep -q '@flow' "$file" && continue
          node --check "$file" > "$first" 2>&1 && continue
          foreign "$first" && continue
          case $file in
            *.mjs | *.cjs) ;;
            *)
              node --input-type=module --check < "$file" > "$second" 2>&1 && continue
              foreign "$second" && continue
              grep -qE "Cannot use import statement|Unexpected token 'export'|Cannot use 'import.meta'|await is only valid" "$first" && first=$second
              ;;
          esac
          echo "$file"
          cat "$first"
          bad=1
          first=$TMPDIR/first.$$
        done
        exit $bad
        """;

    private const string EachFile = "bad=0; check=$1; shift; for file; do $check \"$file\" || bad=1; done; exit $bad";

    /// <summary>All of them; a file has one at most.</summary>
    public static IReadOnlyList<SyntaxChecker> All { get; } =
    [
        new("python3 (parse)", "python3", [".py", ".pyi"], ["python3", "-I", "-S", "-c", Python]),
        new("python3 (tomllib)", "python3", [".toml"], ["python3", "-I", "-S", "-c", Toml]),
        new("bash -n", "bash", [".sh", ".bash"], ["/bin/sh", "-c", Bash, "sh"]),
        new("php -l", "php", [".php"], ["/bin/sh", "-c", EachFile, "sh", "php -l"]),
        new("ruby -c", "ruby", [".rb"], ["/bin/sh", "-c", EachFile, "sh", "ruby -c"]),
        new("gofmt -e -l", "gofmt", [".go"], ["/bin/sh", "-c", EachFile, "sh", "gofmt -e -l"]),
        // A start of node for each file.
        new("node --check", "node", [".js", ".mjs", ".cjs"], ["/bin/sh", "-c", Node, "sh"]) { MaxFiles = 60 },
    ];

    /// <summary>The one for a file; null: none.</summary>
    public static SyntaxChecker? For(string path) => All.FirstOrDefault(checker => checker.Extensions.Contains(Path.GetExtension(path)));

    /// <summary>Whether files at this place are no code of the repository's own language, whatever their extension says.</summary>
    public static bool IsExempt(string path) => path.Split('/').Any(part => Exempt.Contains(part) || part.Contains("{{", StringComparison.Ordinal));
}
