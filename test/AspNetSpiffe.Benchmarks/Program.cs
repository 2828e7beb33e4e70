// Measures what the documentation claims: benchmarks connections [COUNT]
using System.Globalization;
using AspNetSpiffe.Benchmarks;

return args switch
{
    ["connections", .. var rest] => await Connections.RunAsync(rest is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 10_000),
    ["clients", var address, var port, var count] => await Connections.OpenAsync(address, int.Parse(port, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("benchmarks connections [COUNT]   how long it takes to look at all connections of a server again");
    return 2;
}
