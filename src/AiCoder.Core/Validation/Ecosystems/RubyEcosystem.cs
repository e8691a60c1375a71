using System.Text.RegularExpressions;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed partial class RubyEcosystem : IEcosystem
{
    public string Name => "Ruby";

    public Project? Detect(ProjectFolder folder)
    {
        if (!folder.Has("Gemfile") && !folder.Has("Rakefile") && folder.Find("*.gemspec") is null)
            return null;

        var bundled = folder.Has("Gemfile");
        var prefix = bundled ? "bundle exec " : "";
        ProjectCommand? test = null;
        if (folder.Exists("spec"))
            test = new(prefix + "rspec", "ruby");
        else if (folder.Has("Rakefile") && TestTask().IsMatch(folder.Read("Rakefile")))
            test = new(prefix + "rake test", "ruby");
        else if (folder.Exists("test"))
            test = new(prefix + "ruby -Itest -Ilib -e 'Dir[\"test/**/*_test.rb\"].each { |file| require \"./\" + file }'", "ruby");
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Prepare = bundled ? [new("bundle install", "bundle", CommandPurpose.Prepare)] : [],
            Checks = test is null ? [] : [test],
            NoTests = test is null ? "no folder 'spec' or 'test'" : null,
        };
    }

    [GeneratedRegex(@"TestTask|task\s+:?""?test")]
    private static partial Regex TestTask();
}
