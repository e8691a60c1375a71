using System.Text;

namespace AiCoder.Core.Agent.Context;

/// <summary>
/// What an intent, in any language, says about where to look: names of files and of code that stand in it, the words that they are
/// made of, and pairs of Han characters, since Chinese writes no blanks between words.
/// </summary>
internal sealed class IntentWords
{
    private const int ShortestWord = 3;
    private const int MostText = 20_000;

    // Words of nearly every task, which say nothing about where.
    private static readonly HashSet<string> Common = new(StringComparer.Ordinal)
    {
        "the", "and", "for", "with", "that", "thi", "from", "into", "when", "then", "than", "have", "has", "not", "are", "was", "should", "must", "can", "all", "any", "each",
        "add", "fix", "make", "use", "using", "change", "update", "remove", "create", "implement", "support", "allow", "ensure", "improve", "refactor", "write", "new", "old",
        "bug", "issue", "error", "problem", "task", "code", "file", "function", "method", "clas", "test", "line", "http", "www", "com", "please", "need", "want", "would",
        "public", "private", "static", "void", "return", "src", "lib",
    };

    private static readonly HashSet<string> CommonHan = new(StringComparer.Ordinal)
    {
        "修复", "修改", "增加", "添加", "新增", "删除", "实现", "支持", "优化", "重构", "更新", "改成", "改为", "一个", "这个", "所有", "需要", "可以", "进行", "使用", "代码", "文件",
        "函数", "方法", "功能", "问题", "错误", "测试", "项目", "并且", "如果", "以及", "请把", "帮我", "返回", "时候", "没有", "不能", "应该", "相关", "对应",
    };

    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _identifiers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _parts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _han = new(StringComparer.Ordinal);
    private readonly string _text;

    /// <param name="text">The intent; what is beyond some pages of it does not count.</param>
    public IntentWords(string text)
    {
        _text = text.Length <= MostText ? text : text[..MostText];
        foreach (var token in Tokens(_text))
        {
            _names.Add(token);
            _identifiers.Add(Plain(token));
            _parts.UnionWith(PartsOf(token).Where(part => !Common.Contains(part)));
        }

        _han.UnionWith(PairsOf(_text).Where(pair => !CommonHan.Contains(pair)));
    }

    /// <summary>Whether it mentions any Han characters that mean something.</summary>
    public bool HasHan => _han.Count > 0;

    /// <summary>How plainly it speaks of a file: 3 by its name, 2 by its name without the ending, 1 by a part of the name, 0 not.</summary>
    public int MentionOf(string file)
    {
        var stem = Path.GetFileNameWithoutExtension(file);
        if (_names.Contains(file))
            return 3;
        if (_names.Contains(stem) || (stem.Length > 1 && stem.Any(IsHan) && _text.Contains(stem, StringComparison.Ordinal)))
            return 2;
        return stem.Length >= ShortestWord && PartsOf(stem).Any(part => part.Length > 3 && _parts.Contains(part)) ? 1 : 0;
    }

    /// <summary>Whether it says the whole name, however it is spelled (<c>getUser</c>, <c>get_user</c>).</summary>
    public bool Says(string name) => name.Length >= ShortestWord && _identifiers.Contains(Plain(name));

    /// <summary>Those of the words that a name is made of (<see cref="PartsOf"/>) which it speaks of.</summary>
    public IEnumerable<string> Shared(IEnumerable<string> parts) => parts.Where(_parts.Contains);

    /// <summary>How many of its pairs of Han characters stand in a text.</summary>
    public int HanIn(string text) => _han.Count == 0 ? 0 : PairsOf(text).Where(_han.Contains).Distinct(StringComparer.Ordinal).Count();

    /// <summary>The words that a name is made of: <c>HTTPServer_errors</c> gives http, server, error. Small letters, without a plural's s.</summary>
    public static IEnumerable<string> PartsOf(string name)
    {
        var start = 0;
        for (var index = 0; index <= name.Length; index++)
        {
            var ends = index == name.Length || !char.IsAsciiLetter(name[index]);
            var begins = !ends && index > start && char.IsAsciiLetterUpper(name[index])
                && (!char.IsAsciiLetterUpper(name[index - 1]) || (index + 1 < name.Length && char.IsAsciiLetterLower(name[index + 1])));
            if (!ends && !begins)
                continue;
            if (index - start >= ShortestWord)
                yield return Stem(name[start..index].ToLowerInvariant());
            start = ends ? index + 1 : index;
        }
    }

    private static string Stem(string word) =>
        word.Length > ShortestWord && word[^1] == 's' && word[^2] is not ('s' or 'u') ? word[..^1] : word;

    private static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    private static IEnumerable<string> Tokens(string text)
    {
        var word = new StringBuilder();
        foreach (var character in text.Append(' '))
        {
            if (char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.' or '$')
            {
                word.Append(character);
                continue;
            }

            var whole = word.ToString().Trim('.', '-');
            word.Clear();
            if (whole.Length < ShortestWord)
                continue;
            yield return whole;
            // `PaymentGateway.Charge` is two names, `gateway.py` is one and a half.
            foreach (var piece in whole.Split('.').Where(piece => piece.Length >= ShortestWord && piece.Length < whole.Length))
                yield return piece;
        }
    }

    private static IEnumerable<string> PairsOf(string text)
    {
        for (var index = 1; index < text.Length; index++)
        {
            if (IsHan(text[index - 1]) && IsHan(text[index]))
                yield return text.Substring(index - 1, 2);
        }
    }

    private static bool IsHan(char character) => character is >= '\u3400' and <= '\u9FFF';
}
