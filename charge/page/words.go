package page

// words are all texts of the page in one language. In braces stands what is
// filled in: {shop}, {from}, {min}, {max}.
type words struct {
	// Lang is the language's BCP 47 tag, Name what it calls itself.
	Lang, Name string
	// Title names the page.
	Title string
	// Service heads the page; Languages and Skip are for those who hear it.
	Service, Languages, Skip string
	// SomeShop is a shop whose name is not known.
	SomeShop string

	// States say how a charge stands.
	States map[state]said
	// Delay says why a payment does not show at once; it stands there as long as
	// the charge can be paid, whether it was or not.
	Delay string
	// Check asks for the state, Checked says that it is as it was; Offline says
	// that it can't be had.
	Check, Checked, Offline string

	Code, Copy, Copied, CopyFailed string
	Barcode, Scan                  string
	Until, Left                    string
	// UnitDays to UnitSeconds follow the numbers of a time that is left.
	UnitDays, UnitHours, UnitMinutes, UnitSeconds string

	Details, For, Amount, Fee, Total string
	// Choice explains an amount that the customer may choose.
	Choice string
	// ToPay is the total while it is owed.
	ToPay string
	// PaidAt, Receipt and Store head what is known of a payment.
	PaidAt, Receipt, Store string

	How   string
	Steps []string

	// Unknown, Fault and Recovery stand in place of a page; Again tries once more.
	Unknown, Fault, Recovery said
	Again                    string

	// Clock is how Go writes the time of day after the date; its last blank does not
	// break a line.
	Clock string
}

// said is a state or a refusal: in a word or two, and in a sentence.
type said struct{ Badge, Text string }

func indonesian() words {
	return words{
		Lang: "id", Name: "Indonesia",
		Title:   "Bayar {shop} di Indomaret",
		Service: "Bayar di Indomaret", Languages: "Bahasa", Skip: "Langsung ke isi halaman",
		SomeShop: "toko Anda",
		States: map[state]said{
			stateFuture:    {"Belum bisa dibayar", "Tagihan ini dapat dibayar mulai {from}. Kode bayarnya akan tampil di sini."},
			statePending:   {"Menunggu pembayaran", "Bayarlah di Indomaret mana saja dengan kode di bawah ini."},
			stateClosing:   {"Batas waktu sudah lewat", "Kode bayar tidak bisa dipakai lagi. Jika Anda baru saja membayar di kasir, tunggu beberapa menit: hasilnya akan tampil di sini. Jika belum, mintalah kode baru kepada {shop}."},
			statePaid:      {"Lunas", "Terima kasih. Pembayaran Anda untuk {shop} sudah diterima."},
			stateExpired:   {"Kedaluwarsa", "Batas waktunya sudah lewat, jadi tagihan ini tidak bisa dibayar lagi. Mintalah kode baru kepada {shop}."},
			stateCancelled: {"Dibatalkan", "Tagihan ini dibatalkan oleh {shop} dan tidak bisa dibayar lagi."},
			stateDenied:    {"Pembayaran ditarik kembali", "Indomaret membatalkan pembayaran ini dan uangnya dikembalikan di kasir. Jika Anda belum menerimanya, bawalah struk Anda ke gerai tempat Anda membayar. Untuk tagihan baru, hubungi {shop}."},
		},
		Delay: "Setelah membayar, tunggu sekitar satu sampai dua menit sampai pembayaran tampil di sini.",
		Check: "Periksa status", Checked: "Baru saja diperiksa", Offline: "Status belum dapat diperiksa. Periksa koneksi internet Anda.",
		Code: "Kode bayar", Copy: "Salin kode", Copied: "Kode tersalin",
		CopyFailed: "Kode tidak bisa disalin otomatis. Kodenya sudah ditandai: salin dari sana.",
		Barcode:    "Barcode kode bayar", Scan: "Kasir dapat memindai barcode ini.",
		Until: "Bayar paling lambat", Left: "Sisa waktu",
		UnitDays: "hari", UnitHours: "jam", UnitMinutes: "menit", UnitSeconds: "detik",
		Details: "Rincian pembayaran", For: "Untuk", Amount: "Jumlah", Fee: "Biaya admin", Total: "Total",
		Choice: "Anda boleh memilih jumlahnya, dari {min} sampai {max}. Sebutkan kepada kasir.",
		ToPay:  "Total bayar", PaidAt: "Waktu bayar", Receipt: "Nomor struk", Store: "Gerai",
		How: "Cara bayar",
		Steps: []string{
			"Datangi gerai Indomaret mana saja sebelum batas waktu.",
			"Katakan kepada kasir bahwa Anda ingin membayar {shop}.",
			"Tunjukkan barcode kepada kasir, atau bacakan kode bayarnya.",
			"Periksa nama dan jumlah yang disebutkan kasir, lalu bayar.",
			"Simpan struk sebagai bukti pembayaran.",
		},
		Unknown:  said{"Tagihan tidak ditemukan", "Tidak ada tagihan di alamat ini. Periksa apakah tautannya lengkap, atau mintalah tautan baru kepada toko Anda."},
		Fault:    said{"Halaman belum bisa ditampilkan", "Sedang ada gangguan. Kode bayar Anda tetap berlaku sampai batas waktunya. Cobalah lagi sebentar lagi."},
		Recovery: said{"Layanan sedang dipulihkan", "Pembayaran sedang tidak dapat dilayani. Jika Anda sudah membayar, simpan struknya dan jangan membayar lagi: pembayaran Anda akan dicatat."},
		Again:    "Coba lagi",
		Clock:    " pukul\u00a015.04",
	}
}

func english() words {
	return words{
		Lang: "en", Name: "English",
		Title:   "Pay {shop} at Indomaret",
		Service: "Pay at Indomaret", Languages: "Language", Skip: "Skip to the content",
		SomeShop: "your shop",
		States: map[state]said{
			stateFuture:    {"Not payable yet", "This bill can be paid from {from} on. The payment code will appear here."},
			statePending:   {"Waiting for payment", "Pay at any Indomaret store with the code below."},
			stateClosing:   {"The time is over", "The payment code can't be used any more. If you have just paid at a till, wait a few minutes: the result will show here. If you have not, ask {shop} for a new code."},
			statePaid:      {"Paid", "Thank you. Your payment to {shop} has been received."},
			stateExpired:   {"Expired", "The time to pay is over, so this bill can't be paid any more. Ask {shop} for a new code."},
			stateCancelled: {"Cancelled", "This bill was cancelled by {shop} and can't be paid any more."},
			stateDenied:    {"Payment taken back", "Indomaret cancelled this payment, and the money goes back to you at the till. If you have not received it, take your receipt to the store where you paid. For a new bill, contact {shop}."},
		},
		Delay: "After you have paid, it takes about a minute or two until the payment shows here.",
		Check: "Check status", Checked: "Checked just now", Offline: "The status can't be checked at the moment. Check your internet connection.",
		Code: "Payment code", Copy: "Copy code", Copied: "Code copied",
		CopyFailed: "The code could not be copied. It is selected now: copy it from there.",
		Barcode:    "Barcode of the payment code", Scan: "The cashier can scan this barcode.",
		Until: "Pay no later than", Left: "Time left",
		UnitDays: "d", UnitHours: "h", UnitMinutes: "min", UnitSeconds: "s",
		Details: "Payment details", For: "For", Amount: "Amount", Fee: "Admin fee", Total: "Total",
		Choice: "You may choose the amount, from {min} to {max}. Tell it to the cashier.",
		ToPay:  "Total to pay", PaidAt: "Paid on", Receipt: "Receipt number", Store: "Store",
		How: "How to pay",
		Steps: []string{
			"Go to any Indomaret store before the time is over.",
			"Tell the cashier that you want to pay {shop}.",
			"Show the barcode to the cashier, or read out the payment code.",
			"Check the name and the amount that the cashier tells you, then pay.",
			"Keep the receipt as proof of your payment.",
		},
		Unknown:  said{"Bill not found", "There is no bill at this address. Check that the link is complete, or ask your shop for a new one."},
		Fault:    said{"The page can't be shown yet", "There is a problem on our side. Your payment code stays valid until its time is over. Try again in a moment."},
		Recovery: said{"The service is being restored", "Payments can't be taken at present. If you have paid, keep the receipt and do not pay again: your payment will be recorded."},
		Again:    "Try again",
		Clock:    ", 15:04",
	}
}
