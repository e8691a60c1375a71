using AiCoder.Core.Agent.Context;

namespace AiCoder.Core.Tests.Agent.Context;

public sealed class SymbolPatternTests
{
    public static TheoryData<string, string, string> Sources => new()
    {
        {
            "a.cs",
            """
            namespace A;

            public sealed record Order(int Id);
            internal static class Orders
            {
                // class Comment
                public static async Task<IReadOnlyList<Order>> LoadAsync(string path)
                {
                    if (path is null)
                        return Empty(path);
                    foreach (var order in Read(path)) {
                    }
                }

                private static (int, string) Pair<T>(T value) => (1, "");
                protected internal enum Kind { A }
                public override bool Equals(object? other) => new Orders(this) == other;
            }
            """,
            "record Order:3 class Orders:4 LoadAsync:7 Pair:15 enum Kind:16 Equals:17"
        },
        { "a.py", "import os\n\nclass Shop(Base):\n    def buy(self):\n        x = define()\n\n    async def sell(self): pass\n# def no\n", "class Shop:3 buy:4 sell:7" },
        {
            "a.ts",
            """
            import x from 'y';
            export default class Cart<T> extends Base {
              private async load(id: string): Promise<void> {
                if (id) {
                  while (true) { }
                }
                return fetch(id);
              }
              get total() { return 1; }
            }
            export interface Line { a: string }
            export type Id = string;
            export const sum = (a: number, b: number): number => a + b;
            const later = async function () {};
            const plain = 5;
            export async function* stream() {}
            """,
            "class Cart:2 load:3 total:9 interface Line:11 type Id:12 sum:13 later:14 stream:16"
        },
        { "a.js", "exports.run = function () {};\nmodule.exports.go = x => x;\nfunction one(a) {\n  two(a);\n}\n", "run:1 go:2 one:3" },
        { "a.go", "package a\n\ntype Server struct {\n\tName string\n}\n\nfunc (s *Server) Start(ctx context.Context) error {\n\treturn nil\n}\nfunc New() *Server { return nil }\n", "type Server:3 Start:7 New:10" },
        {
            "A.java",
            """
            package a;
            @Service
            public class UserService implements Api {
                private final Map<String, List<User>> users = new HashMap<>();
                public UserService(Repo repo) { this.repo = repo; }
                public <T extends User> Optional<T> find(String id) throws IOException {
                    return repo.find(id);
                }
                void reset(int a) {
                    if (a > 1) {
                    }
                }
            }
            """,
            "class UserService:3 UserService:5 find:6 reset:9"
        },
        { "a.kt", "data class User(val id: Int)\nobject Registry {\n    suspend fun <T> load(id: Int): T = TODO()\n    private fun String.shout() = uppercase()\n}\n", "class User:1 object Registry:2 load:3 shout:4" },
        { "a.rs", "pub struct Pool;\nimpl Pool {\n    pub(crate) async fn get(&self) -> u8 { 1 }\n}\ntrait Job {\n    fn run(&self);\n}\n", "struct Pool:1 get:3 trait Job:5 run:6" },
        { "a.c", "#include <a.h>\n#define MAX(a, b) ((a) > (b))\nstruct node {\n  int x;\n};\nint forward(int a);\nstatic struct node *find_node(const char *name)\n{\n  return lookup(name);\n}\n", "MAX:2 struct node:3 find_node:7" },
        { "a.cpp", "class Engine final : public Base {\n};\nEngine::~Engine() {\n}\nstd::vector<int> Engine::run(int a) {\n  if (a) {\n  }\n}\n", "class Engine:1 run:5" },
        { "a.php", "<?php\nfinal class Mailer {\n    public static function send(string $to): bool { return true; }\n}\n", "class Mailer:2 send:3" },
        { "a.rb", "module Shop\n  class Cart < Base\n    def self.build(a)\n    end\n    def empty?\n    end\n  end\nend\n", "module Shop:1 class Cart:2 build:3 empty?:5" },
        { "a.sh", "#!/bin/sh\nset -e\nfunction deploy {\n  echo hi\n}\nclean-up() {\n  rm -f x\n}\n", "deploy:3 clean-up:6" },
        { "a.py", "def one():\r\n    pass\r\n\r\nclass Two:\r\n    pass\r\n", "one:1 class Two:4" },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public void Definitions_are_found_with_their_lines(string file, string source, string expected) =>
        Assert.Equal(expected, string.Join(' ', Find(file, source)));

    [Theory]
    [InlineData("a.cs", "public static ")]
    [InlineData("a.ts", "export const a = (")]
    [InlineData("a.java", "public a<")]
    [InlineData("a.cpp", "template <a ")]
    [InlineData("a.rs", "pub unsafe ")]
    public async Task No_text_makes_it_slow(string file, string piece)
    {
        var hostile = string.Concat(Enumerable.Repeat(piece, 200_000 / piece.Length)) + "\n" + string.Concat(Enumerable.Repeat(piece + "\n", 5_000));

        // Backtracking would take hours; the bound is far above what a loaded machine needs.
        await Task.Run(() => Find(file, hostile).Count, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    private static List<string> Find(string file, string source) =>
        [.. SourceLanguage.Of(file)!.Symbols!.Find(source).Select(place => $"{(place.Kind is null ? "" : place.Kind + " ")}{place.Name}:{place.Line}")];
}
