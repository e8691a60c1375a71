using System.Text;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Replay;

/// <summary>A repository's files over some commits, written down as a person would change them.</summary>
internal sealed class SampleHistory
{
    private readonly SortedDictionary<string, Blob> _files = new(StringComparer.Ordinal);

    static SampleHistory() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Each commit's message and files; the first is what the others begin with.</summary>
    public List<(string Message, IReadOnlyDictionary<string, Blob> Files)> Commits { get; } = [];

    public IReadOnlyDictionary<string, Blob> Files => _files;

    /// <summary>Writes a file: a new one, or in place of the old. <c>+</c> behind the encoding: with a mark.</summary>
    public SampleHistory With(string path, string text, string encoding = "utf-8", string mode = GitRepositoryBuilder.RegularFile)
    {
        _files[path] = new(text, encoding, mode);
        return this;
    }

    /// <summary>Changes a piece of a file that stands there once.</summary>
    public SampleHistory Change(string path, string oldText, string newText)
    {
        var file = _files[path];
        Assert.Equal(2, file.Text.Split(oldText).Length);
        _files[path] = file with { Text = file.Text.Replace(oldText, newText, StringComparison.Ordinal) };
        return this;
    }

    public SampleHistory Move(string from, string to)
    {
        _files.Remove(from, out var file);
        _files[to] = file!;
        return this;
    }

    public SampleHistory Delete(string path)
    {
        Assert.True(_files.Remove(path));
        return this;
    }

    public SampleHistory Commit(string message)
    {
        Commits.Add((message, new Dictionary<string, Blob>(_files)));
        return this;
    }

    /// <summary>A file of a commit.</summary>
    internal sealed record Blob(string Text, string Encoding, string Mode)
    {
        public byte[] Bytes
        {
            get
            {
                var encoding = System.Text.Encoding.GetEncoding(Encoding.TrimEnd('+'));
                return [.. Encoding.EndsWith('+') ? encoding.GetPreamble() : [], .. encoding.GetBytes(Text)];
            }
        }
    }
}
