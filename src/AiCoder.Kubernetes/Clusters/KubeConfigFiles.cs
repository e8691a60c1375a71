using k8s;
using k8s.KubeConfigModels;

namespace AiCoder.Kubernetes.Clusters;

/// <summary>Reads several kubeconfig files as one, by kubectl's rule: of what several files name, the first counts.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files</remarks>
internal static class KubeConfigFiles
{
    public static K8SConfiguration Read(IReadOnlyList<FileInfo> files)
    {
        var read = files.Select(Read).ToList();
        var merged = read[0];
        merged.CurrentContext = read.Select(file => file.CurrentContext).FirstOrDefault(context => !string.IsNullOrWhiteSpace(context));
        merged.Contexts = [.. read.SelectMany(file => file.Contexts ?? []).DistinctBy(context => context.Name)];
        merged.Clusters = [.. read.SelectMany(file => file.Clusters ?? []).DistinctBy(cluster => cluster.Name)];
        merged.Users = [.. read.SelectMany(file => file.Users ?? []).DistinctBy(user => user.Name)];
        return merged;
    }

    private static K8SConfiguration Read(FileInfo file)
    {
        var read = KubernetesClientConfiguration.LoadKubeConfig(file);
        // Paths are relative to the file that they stand in; together, they no longer know which that was.
        foreach (var endpoint in (read.Clusters ?? []).Select(cluster => cluster.ClusterEndpoint).OfType<ClusterEndpoint>())
            endpoint.CertificateAuthority = Absolute(file, endpoint.CertificateAuthority);
        foreach (var credentials in (read.Users ?? []).Select(user => user.UserCredentials).OfType<UserCredentials>())
        {
            credentials.ClientCertificate = Absolute(file, credentials.ClientCertificate);
            credentials.ClientKey = Absolute(file, credentials.ClientKey);
        }

        return read;
    }

    private static string? Absolute(FileInfo file, string? path) =>
        string.IsNullOrWhiteSpace(path) ? path : Path.GetFullPath(path, file.DirectoryName!);
}
