"""What each finding of a safety check says, in English and Chinese."""

ENGLISH = {
    "file-version": "The file begins with {detail}; vehicles load only 'QGC WPL 110'. "
    "Write it again with a program that knows version 110.",
    "file-unreadable": "{detail}",
    "coordinates-zero": "Item {leg} leads to longitude 0, latitude 0, or to no number. "
    "Give it its true place.",
    "coordinates-swapped": "Item {leg} at {place} (lon, lat) has longitude and latitude swapped. "
    "Exchange them.",
    "coordinates-far": "Item {leg} at {place} (lon, lat) is {value} m from home, {limit} m at "
    "most. Check home and the coordinates.",
    "frame": "Item {leg} has its altitude in frame {detail}, which says nothing about what it is "
    "above. Use frame 3 (above home), 0 (above sea) or 10 (above ground).",
    "frames-mixed": "Altitudes are given in several frames ({detail}). Use one for all items.",
    "command-unknown": "Item {leg} has command {detail}, of which this check cannot tell where "
    "it leads. Take it out, or write its way as way-points.",
    "repeated": "Item {leg} jumps to another item; what is flown then was not checked. "
    "Write the legs out instead.",
    "after-end": "Item {leg} comes after a {detail}; vehicles end there or stop their motors, so "
    "what follows is not flown. End the mission with it; write another for the rest.",
    "empty": "The mission leads nowhere: it has no waypoints. Plan it again.",
    "takeoff-missing": "The mission has no take-off. Add one as its first item.",
    "takeoff-aside": "The take-off, item {leg}, lies {value} m from home near {place} (lon, lat); "
    "some vehicles ignore its place and fly on from home. Put it at home, {limit} m at most aside.",
    "curves": "Corners are flown as curves that leave the straight line {detail}; only straight "
    "legs are checked. Let the aircraft stop at places, or begin curves {limit} m before at most.",
    "return-missing": "The mission ends in the air: it has neither return (20) nor landing (21, "
    "85); the rest of the file may be missing. Write it again, or add a return to launch as its "
    "last item.",
    "end-unsaid": "The format does not say how a flight ends. Set the return home in the app that "
    "flies it.",
    "home-missing": "The file does not say where home is; its first place was taken. "
    "Plan with a home position.",
    "home-altitude": "Home is said to lie at {value} m above sea, the terrain has {limit} m at "
    "{place} (lon, lat); the terrain was used. Check the home altitude.",
    "waypoint-limit": "The mission has {value} places, the drone takes {limit}. "
    "Split it into several.",
    "fence-missing": "The file has no geofence; legs were checked without one. Add a fence; "
    "where the format has no place for one, load one into the vehicle beside the mission.",
    "fence-shape": "The fence has no clear inside: {detail} (lon, lat). Draw it without crossings.",
    "fence": "Leg {leg} leaves the fence by {value} m near {place} (lon, lat). "
    "Fly around the corner or widen the fence.",
    "fence-margin": "Leg {leg} comes within {value} m of the fence near {place} (lon, lat); "
    "{limit} m should be kept against wind and position errors. Widen the fence.",
    "no-fly-zone": "Leg {leg} comes to {value} m from no-fly zone {detail} near {place} "
    "(lon, lat); {limit} m must be kept. Fly around it or get an approval.",
    "obstacle": "Leg {leg} passes {value} m above obstacle {detail} near {place} (lon, lat); "
    "{limit} m must be kept, or more distance to the side. Fly higher or around it.",
    "ceiling": "Leg {leg} is {value} m above ground near {place} (lon, lat); the ceiling is "
    "{limit} m{detail}. Fly lower or follow the terrain.",
    "terrain": "Leg {leg} is {value} m above ground near {place} (lon, lat); {limit} m must be "
    "kept. Fly higher or follow the terrain.",
    "terrain-unknown": "The terrain model does not know the ground under leg {leg} near {place} "
    "(lon, lat). Use one that covers the whole flight.",
    "terrain-missing": "No terrain model was given; the ground was taken as level at home. "
    "Check with a terrain model.",
    "climb-rate": "Leg {leg} near {place} (lon, lat) must be climbed at {value} m/s; the drone "
    "climbs at {limit} m/s. Fly slower or climb over a longer way.",
    "descent-rate": "Leg {leg} near {place} (lon, lat) must be descended at {value} m/s; the "
    "drone descends at {limit} m/s. Fly slower or descend over a longer way.",
    "altitude-jump": "Height above ground changes by {value} m on leg {leg} to {place} "
    "(lon, lat). Check the altitudes of both ends.",
    "home-distance": "Leg {leg} leads {value} m away from home near {place} (lon, lat); "
    "{limit} m are allowed. Move home closer or split the mission.",
    "speed": "Leg {leg} is flown at {value} m/s; the drone's cruise speed is {limit} m/s. "
    "Lower the speed.",
    "speed-top": "Leg {leg} is flown at {value} m/s; the drone flies {limit} m/s at most. "
    "Lower the speed.",
    "camera-interval": "On leg {leg} the camera must take a photo every {value} s; it needs "
    "{limit} s. Fly slower or release it less often.",
    "wind": "Wind of {value} m/s is above the {limit} m/s that can be flown in. Wait.",
    "battery": "After leg {leg} near {place} (lon, lat) the way home ends with {value} % of the "
    "battery used; {limit} % may be. Split the mission or move home.",
    "return-height": "The file sets a return height of {value} m above home; the ceiling is "
    "{limit} m. Lower it.",
    "return-terrain": "The straight way home from leg {leg} passes {value} m above the ground "
    "near {place} (lon, lat); {limit} m must be kept. Set the return height to {detail} m.",
    "return-obstacle": "The straight way home from leg {leg} near {place} (lon, lat) passes "
    "{value} m above obstacle {detail}; {limit} m must be kept. Raise the return height.",
    "return-ceiling": "The straight way home from leg {leg} is {value} m above ground near "
    "{place} (lon, lat); the ceiling is {limit} m. Move home or lower the return height.",
    "return-zone": "The straight way home from leg {leg}, which a failsafe takes, crosses no-fly "
    "zone {detail} near {place} (lon, lat). Move home, or fly what lies behind from there.",
    "return-fence": "The straight way home from leg {leg} near {place} (lon, lat) leaves the "
    "fence. Move home, or plan rally points.",
}

MANDARIN = {
    "file-version": "文件开头为 {detail}；飞控只读取 QGC WPL 110。请用支持 110 版的程序重新导出。",
    "file-unreadable": "文件无法读取：{detail}",
    "coordinates-zero": "第 {leg} 项的经纬度均为 0。请填写真实位置。",
    "coordinates-swapped": "第 {leg} 项（{place}）经度与纬度颠倒。请对调。",
    "coordinates-far": "第 {leg} 项（{place}）距起飞点 {value} 米，最多 {limit} 米。"
    "请核对起飞点与坐标。",
    "frame": "第 {leg} 项高度的参考系为 {detail}，含义不明。请用 3（相对起飞点）、0（海拔）"
    "或 10（相对地面）。",
    "frames-mixed": "高度使用了多种参考系（{detail}）。请统一。",
    "command-unknown": "第 {leg} 项的命令 {detail} 无法检查其航迹。请删除或改写为航点。",
    "after-end": "第 {leg} 项位于返航或降落（{detail}）之后，不会执行。请就此结束任务，其余另写。",
    "repeated": "第 {leg} 项跳转到其他项；跳转后的航线未检查。请展开航线。",
    "empty": "任务没有航点。请重新规划。",
    "takeoff-missing": "任务没有起飞项。请在首项加入起飞。",
    "takeoff-aside": "起飞项（第 {leg} 项，{place}）距起飞点 {value} 米；部分飞控忽略其位置。"
    "请移到起飞点，最多偏 {limit} 米。",
    "curves": "转弯为曲线，{detail} 偏离直线；只检查直线航段。请设为到点停，"
    "或曲线最多提前 {limit} 米。",
    "return-missing": "任务结束时既不返航(20)也不降落(21、85), 文件可能不完整。"
    "请重新写出文件, 或在末项加入返航。",
    "end-unsaid": "该格式不说明飞行如何结束。请在执飞应用中设置返航。",
    "home-missing": "文件没有起飞点，已用首个航点代替。请设置起飞点。",
    "home-altitude": "起飞点海拔写为 {value} 米，地形为 {limit} 米（{place}），"
    "已用地形值。请核对。",
    "waypoint-limit": "任务有 {value} 个航点，该机型最多 {limit} 个。请拆分任务。",
    "fence-missing": "文件没有电子围栏，未作围栏检查。请添加围栏；"
    "格式不能存围栏的，请另行上传到飞行器。",
    "fence-shape": "围栏自相交，内外不明：{detail}。请重新绘制。",
    "fence": "第 {leg} 段在 {place} 附近越出围栏 {value} 米。请绕行或扩大围栏。",
    "fence-margin": "第 {leg} 段在 {place} 附近距围栏仅 {value} 米，应留 {limit} 米。请扩大围栏。",
    "no-fly-zone": "第 {leg} 段在 {place} 附近距禁飞区“{detail}”{value} 米，应留 {limit} 米。"
    "请绕行或申请许可。",
    "obstacle": "第 {leg} 段在 {place} 附近高出障碍物“{detail}”{value} 米，应留 {limit} 米，"
    "或侧向绕开。请升高或绕行。",
    "ceiling": "第 {leg} 段在 {place} 附近离地 {value} 米，限高 {limit} 米{detail}。"
    "请降低或仿地飞行。",
    "terrain": "第 {leg} 段在 {place} 附近离地 {value} 米，应不低于 {limit} 米。请升高或仿地飞行。",
    "terrain-unknown": "第 {leg} 段在 {place} 附近没有地形数据。请使用覆盖全程的地形。",
    "terrain-missing": "没有给出地形，按起飞点水平面检查。请用地形数据复查。",
    "climb-rate": "第 {leg} 段（{place}）需以 {value} 米/秒爬升，该机型为 {limit} 米/秒。"
    "请减速或拉长。",
    "descent-rate": "第 {leg} 段（{place}）需以 {value} 米/秒下降，该机型为 {limit} 米/秒。"
    "请减速或拉长。",
    "altitude-jump": "第 {leg} 段（至 {place}）离地高度变化 {value} 米。请核对两端高度。",
    "home-distance": "第 {leg} 段在 {place} 附近距起飞点 {value} 米，最多 {limit} 米。"
    "请移动起飞点或拆分任务。",
    "speed": "第 {leg} 段速度 {value} 米/秒，该机型巡航速度 {limit} 米/秒。请降速。",
    "speed-top": "第 {leg} 段速度 {value} 米/秒，该机型最快 {limit} 米/秒。请降速。",
    "camera-interval": "第 {leg} 段每 {value} 秒拍一张，相机至少需 {limit} 秒。请减速或加大间距。",
    "wind": "风速 {value} 米/秒，超过允许的 {limit} 米/秒。请等待。",
    "battery": "第 {leg} 段（{place}）后返航至降落共用电 {value}%，最多 {limit}%。"
    "请拆分任务或移动起飞点。",
    "return-height": "文件设定的返航高度为 {value} 米（相对起飞点），限高 {limit} 米。请降低。",
    "return-terrain": "从第 {leg} 段直线返航在 {place} 附近离地 {value} 米，应不低于 {limit} 米。"
    "请将返航高度设为 {detail} 米。",
    "return-obstacle": "从第 {leg} 段（{place}）直线返航高出障碍物“{detail}”{value} 米，"
    "应留 {limit} 米。请提高返航高度。",
    "return-ceiling": "从第 {leg} 段直线返航在 {place} 附近离地 {value} 米，限高 {limit} 米。"
    "请移动起飞点或降低返航高度。",
    "return-zone": "从第 {leg} 段直线返航（失效保护）在 {place} 附近穿过禁飞区“{detail}”。"
    "请移动起飞点，或从另一侧起飞。",
    "return-fence": "从第 {leg} 段（{place}）直线返航越出围栏。请移动起飞点或设备降点。",
}
