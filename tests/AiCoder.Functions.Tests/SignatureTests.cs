using System.Reflection;
using System.Runtime.Loader;

namespace AiCoder.Functions.Tests;

/// <summary>
/// The signatures that stand in for the packages on a feed without them say nothing that the packages do not. Where the packages are
/// missing this is skipped, and the reason says that the sources were compiled against the signatures.
/// </summary>
public sealed class SignatureTests
{
    private const BindingFlags Members = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void Every_signature_is_one_of_the_real_packages()
    {
#if FUNCTIONS_PACKAGES
        var real = Directory.GetFiles(AppContext.BaseDirectory, "Microsoft.*.dll")
            .Where(path => Path.GetFileName(path) is var name && (name.StartsWith("Microsoft.Azure.Functions.Worker", StringComparison.Ordinal) || name.StartsWith("Microsoft.DurableTask", StringComparison.Ordinal)))
            .Select(Assembly.LoadFrom)
            .SelectMany(assembly => assembly.GetExportedTypes())
            .GroupBy(type => type.FullName!)
            .ToDictionary(types => types.Key, types => types.First());
        var problems = new List<string>();
        foreach (var type in Signatures().GetExportedTypes())
        {
            if (!real.TryGetValue(type.FullName!, out var counterpart))
            {
                problems.Add($"{type.FullName} is not in the packages");
                continue;
            }

            var known = Describe(counterpart).ToHashSet();
            problems.AddRange(Describe(type).Where(member => !known.Contains(member)).Select(member => $"{type.FullName}: {member}"));
            // What a test must implement has to be all there is to implement.
            if (type is { IsAbstract: true, IsSealed: false })
                problems.AddRange(counterpart.GetMethods(Members).Where(method => method.IsAbstract).Select(Text).Except(type.GetMethods(Members).Select(Text)).Where(_ => MustBeWhole(type)).Select(member => $"{type.FullName} lacks the abstract {member}"));
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems));
#else
        Assert.Skip("The sources of AiCoder.Functions were compiled against the signatures kept here, because FunctionsPackages is not true: there are no real packages to compare them with.");
#endif
    }

#if FUNCTIONS_PACKAGES
    // The fakes of these tests derive from these.
    private static bool MustBeWhole(Type type) =>
        type.Name is "TaskOrchestrationContext" or "DurableTaskClient" or "DurableEntityClient" or "TaskOrchestrationEntityFeature";

    private static Assembly Signatures() => new AssemblyLoadContext("signatures").LoadFromAssemblyPath(
        Path.Combine(AppContext.BaseDirectory, "AiCoder.Functions.Signatures.dll"));

    private static IEnumerable<string> Describe(Type type)
    {
        if (type.IsEnum)
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), System.Globalization.CultureInfo.InvariantCulture)}");
        var constructors = type.IsAbstract || type.IsValueType ? [] : type.GetConstructors(Members).Where(IsVisible).Select(Text);
        return type.GetMethods(Members).Where(method => IsVisible(method) && !IsGenerated(method)).Select(Text).Concat(constructors);
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    // What the compiler makes of records, and what differs without being a part of the contract.
    private static bool IsGenerated(MethodInfo method) =>
        method.Name.StartsWith('<') || method.Name is "ToString" or "GetHashCode" or "Equals" or "PrintMembers" or "Deconstruct" or "op_Equality" or "op_Inequality" or "get_EqualityContract"
        || method.Name.StartsWith("set_", StringComparison.Ordinal) && method.ReturnParameter.GetRequiredCustomModifiers().Length > 0;

    private static string Text(MethodBase method) =>
        $"{(method is MethodInfo { ReturnType: var returned } ? Name(returned) + " " : "")}{method.Name}({string.Join(", ", method.GetParameters().Select(parameter => Name(parameter.ParameterType)))})";

    private static string Name(Type type) =>
        type.IsGenericParameter ? $"!{type.GenericParameterPosition}"
        : type.IsArray ? Name(type.GetElementType()!) + "[]"
        : type.IsByRef ? Name(type.GetElementType()!) + "&"
        : type.IsGenericType ? $"{type.Namespace}.{type.Name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.FullName ?? type.Name;
#endif
}
