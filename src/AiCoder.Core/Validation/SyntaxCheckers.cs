namespace AiCoder.Core.Validation;

/// <summary>
/// Which languages are parsed by a program in the sandbox, and how. All of them only parse: nothing of the files runs, nothing of the
/// folders where they lie or of the home is loaded (Ruby would load gems), and nothing is left beside them.
/// </summary>
internal static class SyntaxCheckers
{
    /// <summary>The exit code that means that a file can't be parsed; any other but 0 means that the checker can't tell.</summary>
    public const int Broken = 1;

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

    // Which files are modules a repository often tells a bundler only, so what counts is wrong both as a script and as a module;
    // `node --check` itself passes anything that looks like a module. JSX, Flow and decorators are other grammars. Thrown at the end,
    // an error comes with its place, which node tells no program.
    private const string Node =
        """
        const fs = require('fs'), vm = require('vm');
        if (typeof vm.SourceTextModule !== 'function') process.exit(127);
        const wrapper = ['exports', 'require', 'module', '__filename', '__dirname'];
        const readings = {
          script: (text, file) => vm.compileFunction(text, wrapper, { filename: file }),
          module: (text, file) => new vm.SourceTextModule(text, { identifier: file }),
        };
        const moduleOnly = /Cannot use import statement|Unexpected token 'export'|Cannot use 'import\.meta'|await is only valid/;
        const foreign = (error, text) => !(error instanceof SyntaxError) || /Unexpected token '<'/.test(error.message)
          || (/Invalid or unexpected token/.test(error.message) && /^\s*@\w/m.test(text));
        let first = null;
        for (const file of process.argv.slice(1)) {
          const text = fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '').replace(/^#!.*/, '');
          if (text.includes('@flow')) continue;
          let errors = [];
          for (const reading of file.endsWith('.mjs') ? ['module'] : file.endsWith('.cjs') ? ['script'] : ['script', 'module']) {
            try {
              readings[reading](text, file);
              errors = [];
              break;
            } catch (error) {
              if (foreign(error, text)) {
                errors = [];
                break;
              }
              errors.push(error);
            }
          }
          if (errors.length === 0) continue;
          const error = errors.length > 1 && moduleOnly.test(errors[0].message) ? errors[1] : errors[0];
          console.log(`${file}: ${error.message}`);
          error.stack = error.stack.split('\n').filter(line => !/^ +at /.test(line)).join('\n');
          first ??= error;
        }
        if (first !== null) throw first;
        """;

    private const string EachFile = "bad=0; check=$1; shift; for file; do $check \"$file\" || bad=1; done; exit $bad";

    /// <summary>All of them; a file has one at most.</summary>
    public static IReadOnlyList<SyntaxChecker> All { get; } =
    [
        new("python3 (parse)", "python3", [".py", ".pyi"], ["python3", "-I", "-S", "-c", Python]),
        new("python3 (tomllib)", "python3", [".toml"], ["python3", "-I", "-S", "-c", Toml]),
        new("bash -n", "bash", [".sh", ".bash"], ["/bin/sh", "-c", Bash, "sh"]),
        new("php -l", "php", [".php"], ["/bin/sh", "-c", EachFile, "sh", "php -l"]),
        new("ruby -c", "ruby", [".rb"], ["/bin/sh", "-c", EachFile, "sh", "ruby --disable-all -c"]),
        new("gofmt -e -l", "gofmt", [".go"], ["/bin/sh", "-c", EachFile, "sh", "gofmt -e -l"]),
        new("node (parse)", "node", [".js", ".mjs", ".cjs"], ["node", "--no-warnings", "--experimental-vm-modules", "-e", Node, "--"]),
    ];

    /// <summary>The one for a file; null: none.</summary>
    public static SyntaxChecker? For(string path) => All.FirstOrDefault(checker => checker.Extensions.Contains(Path.GetExtension(path)));

    /// <summary>Whether files at this place are no code of the repository's own language, whatever their extension says.</summary>
    public static bool IsExempt(string path) => path.Split('/').Any(part => Exempt.Contains(part) || part.Contains("{{", StringComparison.Ordinal));
}
